//! Which files are originals, and what becomes of them, in folders of each test's own.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::slice;

use contract::settings::Variant;
use imaging::decode::dimensions;
use imaging::limits::Limits;
use insta::assert_snapshot;
use tempfile::TempDir;

use super::file::relative;
use super::*;

/// A folder with files and nothing else. Paths are told from it on.
struct Place(TempDir);

impl Place {
    fn with(files: &[&str]) -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        for file in files {
            place.put(file, &sample::jpeg(80, 60));
        }
        place
    }

    fn put(&self, file: &str, bytes: &[u8]) {
        let path = self.path(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn find(&self, arguments: &[&str], output: &str) -> Result<Found, Refusal> {
        let arguments: Vec<PathBuf> = arguments.iter().map(|it| self.path(it)).collect();
        find(&arguments, &self.path(output), &["800x600", "small/400x300"])
    }

    /// `file as name` for each original.
    #[track_caller]
    fn names(&self, arguments: &[&str]) -> Vec<String> {
        let found = self.find(arguments, "rendered").unwrap();
        let told = found.originals.iter().map(|original| {
            let path = original.path.strip_prefix(self.0.path()).unwrap();
            format!("{} as {}", path.display(), original.name.display())
        });
        told.collect()
    }

    /// What is told of a refusal, in one text.
    #[track_caller]
    fn refusal(&self, arguments: &[&str], output: &str) -> String {
        let refusal = self.find(arguments, output).unwrap_err();
        assert!(refusal.is_misuse());
        let text = format!("{}\n{}\n{}", refusal.what(), refusal.why().join("\n"), refusal.hint());
        text.replace(&format!("{}/", self.0.path().display()), "")
    }

    async fn render(&self, arguments: &[&str], limits: Limits) -> Sheet {
        let work = Work {
            framing: Framing::default(),
            watermarks: Arc::default(),
            variants: [Variant::of_size(40, 30), Variant::of_size(20, 20)].into(),
            limits,
            output: self.path("out"),
        };
        let arguments: Vec<PathBuf> = arguments.iter().map(|it| self.path(it)).collect();
        let found = find(&arguments, &work.output, &["40x30", "20x20"]).unwrap();
        work.run(found, &|| false, &|_| ()).await.unwrap()
    }

    /// Every file below a folder, hidden ones too.
    fn files(&self, folder: &str) -> Vec<String> {
        let (mut files, mut folders) = (Vec::new(), vec![self.path(folder)]);
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    files.push(path.strip_prefix(self.0.path()).unwrap().display().to_string());
                }
            }
        }
        files.sort();
        files
    }
}

#[test]
fn a_folder_gives_all_images_below_it_by_their_way_from_it() {
    let place = Place::with(&["p/b.jpg", "p/a.jpg", "p/2026/july/c.jpg", "p/.hidden/d.jpg"]);
    place.put("p/notes.txt", b"notes");
    assert_eq!(
        place.names(&["p"]),
        ["p/a.jpg as a.jpg", "p/b.jpg as b.jpg", "p/2026/july/c.jpg as 2026/july/c.jpg"]
    );
    assert_eq!(place.find(&["p"], "rendered").unwrap().passed_over, 1);
}

#[test]
fn what_is_an_image_is_told_by_its_bytes_or_promised_by_its_name() {
    let place = Place::with(&["p/no-ending", "p/wrong.txt"]);
    place.put("p/broken.JPG", b"these are notes");
    place.put("p/phone.avif", b"\0\0\0\x18ftypavif");
    place.put("p/.DS_Store", b"\0\0\0\x01Bud1");
    place.put("p/film.mp4", b"\0\0\0\x18ftypisom");
    let names = ["p/broken.JPG", "p/no-ending", "p/phone.avif", "p/wrong.txt"];
    let told = place.names(&["p"]);
    let files: Vec<&str> = told.iter().filter_map(|it| Some(it.split_once(" as ")?.0)).collect();
    assert_eq!(files, names);
    assert_eq!(place.names(&["p/film.mp4"]), ["p/film.mp4 as film.mp4"], "it was named");
}

#[test]
fn a_glob_gives_the_files_that_match_by_their_way_from_its_fixed_part() {
    let place = Place::with(&["p/a.jpg", "p/b.png", "p/x/c.jpg", "p/x/y/d.jpg", "q/[1].jpg"]);
    assert_eq!(place.names(&["p/*.jpg"]), ["p/a.jpg as a.jpg"]);
    assert_eq!(
        place.names(&["p/**/*.jpg"]),
        ["p/a.jpg as a.jpg", "p/x/c.jpg as x/c.jpg", "p/x/y/d.jpg as x/y/d.jpg"]
    );
    assert_eq!(place.names(&["p/./x/?.jpg"]), ["p/./x/c.jpg as c.jpg"]);
    assert_eq!(place.names(&["q/[1].jpg"]), ["q/[1].jpg as [1].jpg"], "a file of that very name");
}

#[test]
fn one_file_named_twice_is_one_original() {
    let place = Place::with(&["p/a.jpg", "p/x/b.jpg"]);
    symlink(place.path("p/a.jpg"), place.path("p/link.jpg")).unwrap();
    symlink(place.path("p"), place.path("p/x/around")).unwrap();
    assert_eq!(
        place.names(&["p/x", "p", "p/a.jpg", "p/*"]),
        ["p/x/b.jpg as b.jpg", "p/a.jpg as a.jpg"]
    );
}

#[test]
fn the_output_folder_is_never_searched() {
    let place = Place::with(&["p/a.jpg", "p/out/800x600/a.jpg", "p/out/other/b.jpg"]);
    let originals = |argument: &str, output: &str| {
        let found = place.find(&[argument], output).unwrap();
        found.originals.into_iter().map(|it| it.name).collect::<Vec<_>>()
    };
    assert_eq!(originals("p", "p/out"), [PathBuf::from("a.jpg")]);
    assert_eq!(originals("p/**/*.jpg", "p/out"), [PathBuf::from("a.jpg")]);
    // As in the bucket, where the folders lie side by side.
    assert_eq!(originals("p/out/other", "p/out"), [PathBuf::from("b.jpg")]);
    assert_eq!(originals("p/out/other/*", "p/out"), [PathBuf::from("b.jpg")]);
}

#[test]
fn variants_are_never_put_among_originals_nor_taken_for_them() {
    let place = Place::with(&["p/a.jpg", "out/800x600/a.jpg"]);
    assert_snapshot!(place.refusal(&["p"], "p"), @"
    the variants in `p/800x600` would lie among the originals in `p`
    the next run would treat them as originals
    choose another folder with `--output`
    ");
    let overlap = place.refusal(&["p/small"], "p");
    assert!(overlap.starts_with("cannot use `p/small`"), "{overlap}");
    place.put("p/small/b.jpg", b"");
    let overlap = place.refusal(&["p/small"], "p");
    assert!(overlap.starts_with("the variants in `p/small/400x300` would lie"), "{overlap}");
    let folder = place.refusal(&["out/800x600"], "out");
    assert!(folder.starts_with("the variants in `out/800x600` would lie among"), "{folder}");
    assert_snapshot!(place.refusal(&["out/800x600/a.jpg"], "out"), @"
    `out/800x600/a.jpg` would be overwritten by its own variant
    it is in a folder for variants of `out`
    choose another folder with `--output`
    ");
}

#[test]
fn what_cannot_be_meant_is_refused_with_what_to_give() {
    let place = Place::with(&["p/a.jpg", "q/a.jpg"]);
    place.put("empty/notes.txt", b"notes");
    assert_snapshot!(place.refusal(&["p", "q"], "out"), @"
    `p/a.jpg` and `q/a.jpg` would have the same variants
    a variant has the name of its original, below the folder given
    give a folder that holds both, or render them into folders of their own
    ");
    assert_snapshot!(place.refusal(&["empty"], "out"), @"
    no images to render
    none of the arguments contains an image
    in folders and globs, a file counts as an image by its first bytes or an extension such as .jpg; a named file always counts
    ");
    assert_snapshot!(place.refusal(&["p", "none.jpg"], "out"), @"
    cannot use `none.jpg`
    No such file or directory (os error 2)
    give files, folders, or globs in quotes
    ");
    for (pattern, why) in [
        ("p/*.png", "no file matches"),
        ("p/*/../../../a.jpg", "`..` after a wildcard could lead anywhere"),
        ("p/***", "Pattern syntax error"),
    ] {
        let refusal = place.refusal(&[pattern], "out");
        assert!(refusal.contains(why), "{refusal}");
    }
}

#[tokio::test]
async fn variants_are_those_of_the_function_under_the_names_of_their_originals() {
    let place = Place::with(&["p/x/a b.jpg", "p/c.jpg"]);
    let sheet = place.render(&["p"], Limits::default()).await;
    let files =
        ["out/20x20/c.jpg", "out/20x20/x/a b.jpg", "out/40x30/c.jpg", "out/40x30/x/a b.jpg"];
    assert_eq!(place.files("out"), files, "and no unfinished file");
    let bytes = fs::read(place.path("p/c.jpg")).unwrap();
    let variants = [Variant::of_size(40, 30), Variant::of_size(20, 20)];
    let expected = engine::render(&bytes, Order::of(&variants), &Limits::default()).unwrap();
    for variant in &expected {
        let file = place.path("out").join(&variant.folder).join("c.jpg");
        assert_eq!(fs::read(file).unwrap(), variant.bytes);
    }
    let [c, a] = &sheet.images[..] else { panic!("{sheet:?}") };
    assert_eq!((c.name.as_path(), a.name.as_path()), (Path::new("c.jpg"), Path::new("x/a b.jpg")));
    assert_eq!(a.from_page, Path::new("../p/x/a b.jpg"));
    let made = c.made().unwrap();
    assert_eq!((made.format.to_string().as_str(), made.width, made.height), ("JPEG", 80, 60));
    assert_eq!(made.bytes, bytes.len() as u64);
    let told: Vec<_> = made.variants.iter().map(|it| (it.folder.as_str(), it.bytes)).collect();
    let counted = |variant: &Rendered| variant.bytes.len() as u64;
    assert_eq!(told, [("40x30", counted(&expected[0])), ("20x20", counted(&expected[1]))]);
    let totals = sheet.totals;
    assert_eq!((totals.images, totals.failed, totals.variants), (2, 0, 4));
    assert_eq!(totals.bytes, 2 * bytes.len() as u64);
    assert_eq!(totals.variant_bytes, 2 * expected.iter().map(counted).sum::<u64>());
}

#[tokio::test]
async fn each_image_fails_by_itself_and_for_the_reason_that_it_has_on_lambda() {
    let place = Place::with(&["p/good.jpg"]);
    place.put("p/broken.jpg", b"these are notes");
    place.put("p/phone.avif", b"\0\0\0\x18ftypavif\0\0\0\0");
    place.put("p/large.jpg", &sample::jpeg(700, 700));
    symlink("nowhere", place.path("p/lost.jpg")).unwrap();
    let limits = Limits { max_pixels: 400_000, ..Limits::default() };
    let sheet = place.render(&["p"], limits).await;
    let told = sheet.images.iter().map(|image| {
        let why = match &image.outcome {
            ImageOutcome::Failed { failed } => failed.as_str(),
            ImageOutcome::Made(_) => "made",
        };
        format!("{}: {why}", image.name.display())
    });
    assert_snapshot!(told.collect::<Vec<_>>().join("\n"), @"
    broken.jpg: not an image
    good.jpg: made
    large.jpg: 700x700 is 1 megapixels; the limit is 1
    phone.avif: AVIF is not supported
    ");
    assert_eq!((sheet.totals.images, sheet.totals.failed, sheet.totals.variants), (4, 3, 2));
    assert_eq!(place.files("out"), ["out/20x20/good.jpg", "out/40x30/good.jpg"]);
}

#[tokio::test]
async fn what_cannot_be_written_ends_the_run() {
    let place = Place::with(&["p/a.jpg", "p/b.jpg"]);
    place.put("out", b"a file where the folder would be");
    let work = Work {
        framing: Framing::default(),
        watermarks: Arc::default(),
        variants: [Variant::of_size(40, 30)].into(),
        limits: Limits::default(),
        output: place.path("out"),
    };
    let found = find(&[place.path("p")], &work.output, &["40x30"]).unwrap();
    let refusal = work.run(found, &|| false, &|_| ()).await.unwrap_err();
    assert!(!refusal.is_misuse() && refusal.code() == "File", "{refusal:?}");
    assert!(refusal.what().starts_with("cannot write `"), "{refusal:?}");
}

#[tokio::test]
async fn nothing_is_written_through_a_link() {
    let place = Place::with(&["p/sub/a.jpg"]);
    place.put("elsewhere/20x20/kept.jpg", b"kept");
    fs::create_dir(place.path("out")).unwrap();
    let run = async || {
        let work = Work {
            framing: Framing::default(),
            watermarks: Arc::default(),
            variants: [Variant::of_size(20, 20)].into(),
            limits: Limits::default(),
            output: place.path("out"),
        };
        let found = find(&[place.path("p")], &work.output, &["20x20"]).unwrap();
        work.run(found, &|| false, &|_| ()).await
    };
    let link = place.path("out/20x20");
    symlink(place.path("elsewhere/20x20"), &link).unwrap();
    let refusal = run().await.unwrap_err();
    assert_eq!(refusal.why(), [format!("`{}` is a symbolic link", link.display())]);
    assert_eq!(place.files("elsewhere"), ["elsewhere/20x20/kept.jpg"]);

    // A link in the place of the file is replaced.
    fs::remove_file(&link).unwrap();
    fs::create_dir_all(link.join("sub")).unwrap();
    let kept = place.path("elsewhere/20x20/kept.jpg");
    symlink(&kept, link.join("sub/a.jpg")).unwrap();
    run().await.unwrap();
    assert_eq!(fs::read(&kept).unwrap(), b"kept");
    assert!(!link.join("sub/a.jpg").is_symlink());

    // The output folder itself is the user's choice.
    symlink(place.path("elsewhere"), place.path("chosen")).unwrap();
    fs::remove_dir_all(place.path("out")).unwrap();
    fs::rename(place.path("chosen"), place.path("out")).unwrap();
    run().await.unwrap();
    assert!(place.files("elsewhere").contains(&"elsewhere/20x20/sub/a.jpg".to_owned()));
}

#[tokio::test]
async fn nothing_is_begun_after_the_user_asked_to_stop() {
    let names: Vec<String> = (0..50).map(|number| format!("p/{number:02}.jpg")).collect();
    let place = Place::with(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let work = Work {
        framing: Framing::default(),
        watermarks: Arc::default(),
        variants: [Variant::of_size(40, 30)].into(),
        limits: Limits::default(),
        output: place.path("out"),
    };
    let found = find(&[place.path("p")], &work.output, &["40x30"]).unwrap();
    let asked = AtomicBool::new(false);
    let stop = |_: &str| asked.store(true, Ordering::Relaxed);
    let sheet = work.run(found, &|| asked.load(Ordering::Relaxed), &stop).await.unwrap();
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    assert!((1..=processors + 1).contains(&sheet.images.len()), "{} images", sheet.images.len());
    assert_eq!(place.files("out").len(), sheet.images.len(), "each of them is whole");
    for file in place.files("out") {
        assert_eq!(dimensions(&fs::read(place.path(&file)).unwrap()), Ok((40, 30)), "{file}");
    }
}

#[test]
fn a_file_is_seen_from_a_folder() {
    let seen = |folder, file| relative(Path::new(folder), Path::new(file)).display().to_string();
    assert_eq!(seen("/a/out", "/a/p/x.jpg"), "../p/x.jpg");
    assert_eq!(seen("/a", "/a/p/x.jpg"), "p/x.jpg");
    assert_eq!(seen("/b/c/out", "/a/x.jpg"), "../../../a/x.jpg");
}

#[test]
fn avif_is_made_only_by_a_build_with_its_encoder() {
    let avif = Variant { format: Format::Avif, ..Variant::of_size(40, 30) };
    let work = |variants: &[Variant]| Work {
        framing: Framing::default(),
        watermarks: Arc::default(),
        variants: variants.into(),
        limits: Limits::default(),
        output: "out".into(),
    };
    let plain = Variant::of_size(20, 20);
    assert_eq!(work(slice::from_ref(&plain)).check_formats(), Ok(()));
    let refused = Refusal::NoAvif { folder: "40x30".to_owned() };
    let expected = if cfg!(feature = "avif") { Ok(()) } else { Err(refused.clone()) };
    assert_eq!(work(&[plain, avif]).check_formats(), expected);
    assert!(refused.is_misuse());
    let told = [refused.what(), refused.why().join("\n"), refused.hint()].join("\n");
    assert_snapshot!(told, @"
    cannot make the variant `40x30` here
    it is AVIF, and this imgprep was built without the AVIF encoder
    install it with `cargo install --path . --features avif`, or remove the variant; the function on AWS makes it either way
    ");
}
