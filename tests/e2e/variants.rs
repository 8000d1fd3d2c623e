//! An upload, its variants in the bucket, and what the CDN serves of them.

use image::{ImageFormat, ImageReader, Rgb, RgbImage};
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
