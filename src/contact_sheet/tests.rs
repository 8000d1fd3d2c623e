//! The page of a sheet made by hand.

use std::path::PathBuf;

use imaging::header::SourceFormat;
use insta::assert_snapshot;

use super::*;
use crate::render::{Frame, Stages};

fn image(name: &str, outcome: ImageOutcome) -> Image {
    Image {
        file: format!("photos/{name}"),
        outcome,
        name: PathBuf::from(name),
        from_page: PathBuf::from("../photos").join(name),
    }
}

fn made(format: SourceFormat, variants: Vec<MadeVariant>) -> ImageOutcome {
    ImageOutcome::Made(Made {
        format,
        width: 1600,
        height: 1200,
        bytes: 185_631,
        warnings: Vec::new(),
        ms: Stages { decode: 21.4, resize: 3.0, encode: 0.0 },
        variants,
    })
}

fn variant(folder: &str, name: &str, bytes: u64) -> MadeVariant {
    MadeVariant {
        folder: folder.to_owned(),
        file: format!("rendered/{folder}/{name}"),
        width: 800,
        height: 600,
        bytes,
        content_type: "image/jpeg",
        frame: Frame { left: 0.0, top: 0.0, width: 1.0, height: 1.0 },
    }
}

fn failed(why: &str) -> ImageOutcome {
    ImageOutcome::Failed { failed: why.to_owned() }
}

fn sheet(images: Vec<Image>) -> Sheet {
    let count = |of: fn(&Made) -> u64| images.iter().filter_map(Image::made).map(of).sum();
    let totals = Totals {
        images: images.len() as u64,
        failed: images.iter().filter(|image| image.made().is_none()).count() as u64,
        passed_over: 0,
        variants: images
            .iter()
            .filter_map(Image::made)
            .map(|made| made.variants.len() as u64)
            .sum(),
        bytes: count(|made| made.bytes),
        variant_bytes: count(|made| made.variants.iter().map(|variant| variant.bytes).sum()),
        ms: 1300,
    };
    Sheet {
        output: "rendered".to_owned(),
        page: "rendered/index.html".to_owned(),
        images,
        totals,
        variants: [Variant::of_size(800, 600)].into(),
        made_at: "2026-01-31T23:59:59Z".to_owned(),
    }
}

/// The page from one place to another, without the places, and with plain spaces only.
#[track_caller]
fn part(page: &str, from: &str, to: &str) -> String {
    let (_, rest) = page.split_once(from).unwrap();
    rest.split_once(to).unwrap().0.trim().replace('\u{a0}', " ")
}

#[test]
fn an_original_stands_beside_its_variants_with_what_they_weigh() {
    let outcome = made(SourceFormat::Jpeg, vec![variant("800x600", "cat.jpg", 23_446)]);
    let page = html(&sheet(vec![image("cat.jpg", outcome)]));
    assert_snapshot!(part(&page, "<h2 id=\"images\">Images</h2>", "</section>"), @r#"
    <article aria-labelledby="image-1">
    <h3 id="image-1">cat.jpg</h3>
    <p class="stages"><span class="bar" aria-hidden="true"><i class="decode" style="flex-grow:21.4"></i><i class="resize" style="flex-grow:3.0"></i><i class="encode" style="flex-grow:0.1"></i></span> <span class="decode">decode 21.4 ms</span> <span class="resize">resize 3.0 ms</span> <span class="encode">encode 0.0 ms</span></p>
    <div class="figures">
    <figure>
    <a href="../photos/cat.jpg"><img src="../photos/cat.jpg" alt="cat.jpg, the original" width="1600" height="1200" loading="lazy" decoding="async"></a>
    <figcaption><b>original</b> <span>1600 × 1200, JPEG, 186 kB</span></figcaption>
    </figure>
    <figure>
    <a href="800x600/cat.jpg"><img src="800x600/cat.jpg" alt="cat.jpg as 800x600" width="800" height="600" loading="lazy" decoding="async"></a>
    <figcaption><b>800x600</b> <em class="less">−87 %<i> compared with the original</i></em> <span>800 × 600, JPEG, 23.4 kB</span></figcaption>
    </figure>
    </div>
    </article>
    "#);
    assert!(page.contains("<title>Contact sheet: 1 original, 1 variant</title>"));
    assert!(!page.contains("<h2 id=\"failed\">"), "nothing failed");
}

#[test]
fn totals_and_sizes_sum_up() {
    let heavy = made(SourceFormat::Jpeg, vec![variant("800x600", "b.jpg", 200_000)]);
    let light = made(SourceFormat::Jpeg, vec![variant("800x600", "a.jpg", 20_000)]);
    let page = html(&sheet(vec![image("a.jpg", light), image("b.jpg", heavy)]));
    assert_snapshot!(part(&page, "<dl class=\"totals\">", "</dl>"), @"
    <div><dt>Originals</dt><dd><strong>2</strong> <span>371 kB</span></dd></div>
    <div><dt>Variants</dt><dd><strong>2</strong> <span>220 kB</span></dd></div>
    <div><dt>All variants</dt><dd><strong>−41 %</strong> <span>compared with the originals</span></dd></div>
    <div><dt>Time</dt><dd><strong>1.3 s</strong> <span>650 ms for each</span></dd></div>
    ");
    assert_snapshot!(part(&page, "<tbody>", "</tbody>"), @r#"<tr><th scope="row">800x600</th><td>800 × 600, cover</td><td>as the original, quality 80</td><td class="number">2</td><td class="number">220 kB</td><td class="number">110 kB</td><td class="number">−41 %</td></tr>"#);
    assert!(page.contains("<em class=\"more\">+8\u{a0}%"), "a variant that is larger is told");
}

#[test]
fn a_failed_image_is_told_with_its_reason() {
    let page = html(&sheet(vec![image("notes.jpg", failed("not an image"))]));
    assert_snapshot!(part(&page, "<table class=\"failed\">", "</table>"), @r#"
    <thead><tr><th scope="col">Original</th><th scope="col">Why</th></tr></thead>
    <tbody>
    <tr><th scope="row"><a href="../photos/notes.jpg">notes.jpg</a></th><td>not an image</td></tr>
    </tbody>
    "#);
    assert!(page.contains("<dt>Failed</dt><dd><strong>1</strong>"));
    assert!(!page.contains("<h2 id=\"images\">"), "there is none to show");
}

#[test]
fn a_tiff_is_said_to_be_unshown_rather_than_shown_broken() {
    let outcome = made(SourceFormat::Tiff, vec![variant("800x600", "scan.tif", 23_446)]);
    let page = html(&sheet(vec![image("scan.tif", outcome)]));
    assert!(page.contains("<a class=\"unshown\" href=\"../photos/scan.tif\">"));
    assert!(!page.contains("<img src=\"../photos/scan.tif\""));
    assert!(page.contains("<img src=\"800x600/scan.tif\""));
}

#[test]
fn a_name_is_text_and_nothing_else() {
    let name = "<b>\"x\" & 'y'.jpg";
    let outcome = made(SourceFormat::Jpeg, vec![variant("800x600", name, 1)]);
    let page = html(&sheet(vec![image(name, outcome), image("n<.jpg", failed("<script>"))]));
    assert!(page.contains("<h3 id=\"image-1\">&lt;b&gt;&quot;x&quot; &amp; &#39;y&#39;.jpg</h3>"));
    assert!(page.contains("alt=\"&lt;b&gt;&quot;x&quot; &amp; &#39;y&#39;.jpg as 800x600\""));
    assert!(page.contains("<td>&lt;script&gt;</td>"));
    assert!(!page.contains("<script") && !page.contains("<b>\""), "{page}");
}

#[test]
fn a_link_leads_to_the_file_whatever_its_name_is() {
    let link = |path: &str| href(Path::new(path));
    assert_eq!(link("../p q/a+b#c?d%20.jpg"), "../p%20q/a%2Bb%23c%3Fd%2520.jpg");
    assert_eq!(link("Grüße/写真.jpg"), "Gr%C3%BC%C3%9Fe/%E5%86%99%E7%9C%9F.jpg");
    assert_eq!(link("c:/x&\"y'.jpg"), "c%3A/x%26%22y%27.jpg");
    assert_eq!(link("/tmp/a.jpg"), "/tmp/a.jpg");
}

#[test]
fn nothing_is_fetched_from_anywhere() {
    let outcome = made(SourceFormat::Jpeg, vec![variant("800x600", "cat.jpg", 1)]);
    let page = html(&sheet(vec![image("cat.jpg", outcome)]));
    for word in ["http", "//", "@import", "url(", "<script", "@font-face"] {
        assert!(!page.contains(word), "`{word}` is on the page");
    }
}
