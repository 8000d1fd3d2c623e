//! `imgprep render`: the function's variants without AWS, and the page that shows them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use contract::settings::Variant;
use image::{ImageFormat, RgbImage};
use imaging::engine;
use imaging::limits::Limits;
use imaging::order::Order;
use imgprep_testkit::{Output, Pipeline, ended, run, wait_for};
use insta::assert_snapshot;
use percent_encoding::percent_decode_str;

use crate::variants::dimensions;

/// What the function makes of an original by the pipeline's standard file.
fn expected(original: &[u8]) -> Vec<engine::Rendered> {
    let variants = [Variant::of_size(800, 600), Variant::of_size(400, 300)];
    engine::render(original, Order::of(&variants), &Limits::for_memory(256)).unwrap()
}

fn put(pipeline: &Pipeline, file: &str, bytes: &[u8]) {
    let path = pipeline.folder().join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// Runs it as somebody who has neither credentials nor a region.
fn render(pipeline: &Pipeline, arguments: &[&str]) -> Output {
    let mut command = pipeline.command();
    for variable in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"] {
        command.env_remove(variable);
    }
    run(command.arg("render").args(arguments))
}

pub(crate) async fn variants_are_the_functions_own_and_aws_is_not_asked() {
    let pipeline = Pipeline::offline("render").await;
    let photo = sample::jpeg(1600, 1200);
    let names = ["a.jpg", "2026/two words.jpg", "50%#1?.jpg", "Grüße/写真.jpg"];
    for name in names {
        put(&pipeline, &format!("photos/{name}"), &photo);
    }
    put(&pipeline, "photos/notes.txt", b"notes");
    let sheet = render(&pipeline, &["photos", "-o", "out", "--json"]).exits(0).json();
    assert!(pipeline.proxy.take_calls().is_empty(), "AWS is not asked");
    assert_eq!((&sheet["output"], &sheet["page"]), (&"out".into(), &"out/index.html".into()));
    let images = sheet["images"].as_array().unwrap();
    assert_eq!(images.len(), names.len());
    for image in images {
        assert_eq!((&image["format"], &image["bytes"]), (&"JPEG".into(), &photo.len().into()));
        assert_eq!((&image["width"], &image["height"]), (&1600.into(), &1200.into()));
        for stage in ["decode", "resize", "encode"] {
            assert!(image["ms"][stage].as_f64().is_some(), "{image}");
        }
        for (told, expected) in image["variants"].as_array().unwrap().iter().zip(expected(&photo)) {
            let file = image["file"].as_str().unwrap();
            let file = file.replacen("photos", &format!("out/{}", expected.folder), 1);
            assert_eq!(
                (&told["folder"], &told["file"]),
                (&expected.folder.into(), &file.clone().into())
            );
            assert_eq!(
                (&told["width"], &told["height"]),
                (&expected.width.into(), &expected.height.into())
            );
            assert_eq!(told["bytes"], expected.bytes.len());
            assert!(fs::read(pipeline.folder().join(&file)).unwrap() == expected.bytes, "{file}");
        }
    }
    let totals = &sheet["totals"];
    assert_eq!((&totals["images"], &totals["variants"]), (&4.into(), &8.into()));
    assert_eq!((&totals["failed"], &totals["passed_over"]), (&0.into(), &1.into()));
    assert_eq!(totals["bytes"], 4 * photo.len());
    assert_page(&pipeline, 12);
}

/// Proves that every link of the page leads to a file, and that as many images as this are shown.
fn assert_page(pipeline: &Pipeline, images: usize) {
    let folder = pipeline.folder().join("out");
    let page = fs::read_to_string(folder.join("index.html")).unwrap();
    let links = |attribute: &str| -> Vec<PathBuf> {
        let start = format!(" {attribute}=\"");
        let links = page.split(&start).skip(1);
        let links = links.filter_map(|rest| rest.split('"').next());
        let links = links.filter(|link| !link.starts_with('#') && !link.starts_with("data:"));
        links.map(|link| percent_decode_str(link).decode_utf8().unwrap().as_ref().into()).collect()
    };
    let (shown, linked) = (links("src"), links("href"));
    assert_eq!((shown.len(), linked.len()), (images, images));
    for link in shown.iter().chain(&linked) {
        assert!(folder.join(link).is_file(), "{} is not there", link.display());
    }
}

pub(crate) async fn a_bad_image_is_told_and_stops_no_other() {
    let pipeline = Pipeline::offline("badly").await;
    put(&pipeline, "p/good.jpg", &sample::jpeg(1000, 800));
    put(&pipeline, "p/notes.jpg", b"these are notes");
    put(&pipeline, "p/phone.avif", b"\0\0\0\x18ftypavif\0\0\0\0");
    let picture = RgbImage::from_pixel(40, 30, image::Rgb([200, 100, 50]));
    picture.save(pipeline.folder().join("p/tiny.png")).unwrap();
    let text = render(&pipeline, &["p", "-o", "out"]).exits(1);
    let lines: Vec<&str> = text.stdout.lines().filter(|line| line.contains("failed")).collect();
    assert_snapshot!(lines[..2].join("\n"), @"
      p/notes.jpg   failed: not an image
      p/phone.avif  failed: AVIF is not supported
    ");
    assert!(lines[2].starts_with("4 originals, 2 failed, 4 variants, "), "{text}");
    assert!(text.stdout.ends_with("\n  contact sheet  out/index.html\n"), "{text}");
    let sheet = render(&pipeline, &["p", "-o", "out", "--json"]).exits(1).json();
    let failed = |index: usize| sheet["images"][index]["failed"].as_str();
    assert_eq!([failed(0), failed(1)], [None, Some("not an image")]);
    assert_eq!([failed(2), failed(3)], [Some("AVIF is not supported"), None]);
    let page = fs::read_to_string(pipeline.folder().join("out/index.html")).unwrap();
    assert!(page.contains("<td>AVIF is not supported</td>"));
}

pub(crate) async fn wrong_use_is_told_before_anything_is_written() {
    let pipeline = Pipeline::offline("misrender").await;
    put(&pipeline, "p/a.jpg", &sample::jpeg(100, 80));
    put(&pipeline, "q/a.jpg", &sample::jpeg(100, 80));
    put(&pipeline, "empty/notes.txt", b"notes");
    for (arguments, code, word) in [
        (&["none.jpg"][..], "NoImage", "none.jpg"),
        (&["p/*.png"], "NoImage", "no file matches"),
        (&["empty"], "NoImage", "no image"),
        (&["p", "-o", "p"], "Overlap", "`p/800x600`"),
        (&["p", "q"], "SameName", "`q/a.jpg`"),
    ] {
        let arguments = [arguments, &["--json"]].concat();
        let error = render(&pipeline, &arguments).exits(2).error();
        assert_eq!(error.code, code, "{error:?}");
        assert!(error.message.contains(word) && !error.hint.is_empty(), "{error:?}");
    }
    let text = render(&pipeline, &[]).exits(2);
    assert!(text.stdout.is_empty() && text.stderr.contains("--help"), "{text}");
    if !cfg!(feature = "avif") {
        let config = pipeline.folder().join("pipeline.toml");
        let avif = "\n[[variants]]\nsize = \"40x30\"\nformat = \"avif\"\n";
        let standard = fs::read_to_string(&config).unwrap();
        fs::write(&config, standard + avif).unwrap();
        let error = render(&pipeline, &["p", "--json"]).exits(2).error();
        assert_eq!(error.code, "NoAvif", "{error:?}");
        assert!(error.hint.contains("--features avif"), "{error:?}");
    }
    for folder in ["rendered", "p/800x600"] {
        assert!(!pipeline.folder().join(folder).exists(), "{folder}");
    }
}

pub(crate) async fn a_glob_is_expanded_and_a_second_run_finds_no_variants() {
    let pipeline = Pipeline::offline("again").await;
    put(&pipeline, "a.jpg", &sample::jpeg(200, 100));
    put(&pipeline, "x/b.jpg", &sample::jpeg(200, 100));
    let picture = RgbImage::from_pixel(40, 30, image::Rgb([200, 100, 50]));
    picture.save_with_format(pipeline.folder().join("x/c.tif"), ImageFormat::Tiff).unwrap();
    for arguments in [&["**/*.jpg", "x/*.tif"][..], &["."], &["."]] {
        let arguments = [arguments, &["--json"]].concat();
        let sheet = render(&pipeline, &arguments).exits(0).json();
        assert_eq!(sheet["totals"]["images"], 3, "{sheet:#}");
    }
    let variant = fs::read(pipeline.folder().join("rendered/400x300/x/b.jpg")).unwrap();
    assert_eq!(dimensions(&variant), (400, 300));
    let page = fs::read_to_string(pipeline.folder().join("rendered/index.html")).unwrap();
    assert!(page.contains("Browsers do not show TIFF."));
}

pub(crate) async fn what_is_interrupted_leaves_only_whole_files() {
    let pipeline = Pipeline::offline("halfway").await;
    let photo = sample::jpeg(1600, 1200);
    for number in 0..300 {
        put(&pipeline, &format!("p/{number}.jpg"), &photo);
    }
    let arguments = ["render", "p", "-o", "out", "--json"];
    let child = pipeline.start(&arguments, Stdio::piped);
    let folder = pipeline.folder().join("out/400x300");
    let first = async || fs::read_dir(&folder).ok()?.next().map(drop);
    wait_for("the first variant", first).await;
    let process = child.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-INT", &process]).status().unwrap().success());
    let error = ended(child, &arguments).await.exits(130).error();
    assert_eq!(error.code, "Interrupted");
    assert!(error.message.ends_with(" of 300 images"), "{error:?}");
    let made = expected(&photo);
    for variant in &made {
        for entry in fs::read_dir(pipeline.folder().join("out").join(&variant.folder)).unwrap() {
            let path = entry.unwrap().path();
            assert!(fs::read(&path).unwrap() == variant.bytes, "{} is not whole", path.display());
        }
    }
    assert!(Path::new(&pipeline.folder().join("out/index.html")).is_file());
}
