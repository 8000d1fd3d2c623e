//! An upload, its variants in the bucket, and what the CDN serves of them.

use image::{ImageFormat, ImageReader, Rgb, RgbImage, Rgba, RgbaImage};
use imgprep_testkit::clients::Object;
use imgprep_testkit::{Pipeline, http, wait_for};
use std::io::Cursor;

pub(crate) async fn an_upload_becomes_variants_of_exact_size_that_the_cdn_serves() {
    let pipeline = Pipeline::with_cdn("variants").await.that_makes_images();
    pipeline.edit("[tags]", "[image]\ncache_control = \"public, max-age=77\"\n\n[tags]");
    let up = pipeline.imgprep(&["up", "--yes", "--json"]).exits(0).json();
    let host = up["outputs"]["cdn_domain"].as_str().unwrap().replace(".net", ".localhost");
    pipeline.upload("originals/photo.jpg", &jpeg(1600, 1200)).await;
    for (folder, size) in [("800x600", (800, 600)), ("400x300", (400, 300))] {
        let variant = arrived(&pipeline, &format!("{folder}/photo.jpg")).await;
        assert_eq!(dimensions(&variant.bytes), size);
        assert_eq!(variant.content_type, "image/jpeg");
        assert_eq!(variant.cache_control, "public, max-age=77");
        let page =
            http::get(pipeline.emulator.port(), &host, &format!("/{folder}/photo.jpg")).await;
        assert_eq!(page.status, 200);
        assert_eq!(page.content_type, "image/jpeg");
        assert_eq!(page.cache_control, "public, max-age=77");
        assert!(page.body == variant.bytes, "the CDN serves the bytes of the bucket");
    }
    for private in ["/originals/photo.jpg", "/800x600/none.jpg", "/"] {
        let page = http::get(pipeline.emulator.port(), &host, private).await;
        assert_eq!(page.status, 403, "{private}");
    }
}

/// The logo travels in the function's zip, so that another logo is another function.
pub(crate) async fn a_watermark_is_drawn_on_the_variant_that_asks_for_it() {
    let pipeline = Pipeline::new("watermark").await.that_makes_images();
    let logo = |colour: [u8; 4]| {
        let picture = RgbaImage::from_pixel(40, 20, Rgba(colour));
        picture.save(pipeline.folder().join("logo.png")).unwrap();
    };
    logo([255, 0, 0, 255]);
    pipeline.edit(
        "size = \"400x300\"",
        "size = \"400x300\"\nwatermark = { image = \"logo.png\", scale = 0.25, opacity = 1.0, margin = 0.0 }",
    );
    pipeline.up();
    let grey = RgbImage::from_pixel(800, 600, Rgb([160; 3]));
    let mut original = Cursor::new(Vec::new());
    grey.write_to(&mut original, ImageFormat::Jpeg).unwrap();
    pipeline.upload("originals/a.jpg", original.get_ref()).await;
    // The default is the corner at the bottom right; a quarter of the width, in the logo's shape.
    let corners = async |folder: &str, name: &str| {
        let variant = arrived(&pipeline, &format!("{folder}/{name}")).await;
        let picture = image::load_from_memory(&variant.bytes).unwrap().to_rgb8();
        let (width, height) = picture.dimensions();
        [(width - 9, height - 9), (width - width / 4 - 9, height - 9)]
            .map(|(x, y)| picture.get_pixel(x, y).0.map(|part| part / 64))
    };
    assert_eq!(corners("400x300", "a.jpg").await, [[3, 0, 0], [2, 2, 2]]);
    assert_eq!(corners("800x600", "a.jpg").await, [[2, 2, 2], [2, 2, 2]], "which asks for none");
    logo([0, 0, 255, 255]);
    pipeline.up();
    pipeline.upload("originals/b.jpg", original.get_ref()).await;
    assert_eq!(corners("400x300", "b.jpg").await, [[0, 0, 3], [2, 2, 2]]);
}

/// The object with this key, once it is there.
pub(crate) async fn arrived(pipeline: &Pipeline, key: &str) -> Object {
    wait_for(key, async || pipeline.object(key).await).await
}

/// A JPEG of this size that does not shrink to nothing.
pub(crate) fn jpeg(width: u32, height: u32) -> Vec<u8> {
    let colour = |x: u32, y: u32| [x, y, x ^ y].map(|part| u8::try_from(part % 256).unwrap());
    let picture = RgbImage::from_fn(width, height, |x, y| Rgb(colour(x, y)));
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Jpeg).unwrap();
    bytes.into_inner()
}

/// The size of an image, all of which must be readable.
pub(crate) fn dimensions(bytes: &[u8]) -> (u32, u32) {
    let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().unwrap();
    assert_eq!(reader.format(), Some(ImageFormat::Jpeg));
    let picture = reader.decode().unwrap();
    (picture.width(), picture.height())
}
