//! A photo from the picked file to the page, when all goes well.

use image::ImageFormat;
use serde_json::{Value, json};

use crate::site::Site;
use crate::visit::{Visit, quarter_of, quarters};
use crate::webdriver::Driver;

/// Notes what is on the page at the first moment at which the placeholder can be seen, and all that moves.
const WATCH: &str = "
    window.moved = 0;
    new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.moved += entry.value;
    }).observe({ type: 'layout-shift', buffered: true });
    new MutationObserver((_, observer) => {
        const canvas = document.querySelector('#frame canvas');
        if (!canvas) return;
        observer.disconnect();
        requestAnimationFrame(() => {
            const image = document.querySelector('#frame picture img');
            const places = [[8, 8], [24, 8], [8, 24], [24, 24]];
            const colour = ([x, y]) => [...canvas.getContext('2d').getImageData(x, y, 1, 1).data];
            const { width, height } = canvas.getBoundingClientRect();
            window.first = {
                loaded: image.complete, opacity: getComputedStyle(image).opacity,
                shape: width / height, colours: places.map(colour),
            };
        });
    }).observe(document.querySelector('#frame'), { childList: true });
";

/// How many milliseconds the variants take to come, so that there is a time without them.
const DELAY_MS: u32 = 300;

/// Keys, as `WebDriver` writes them.
const TAB: char = '\u{e004}';
const ENTER: char = '\u{e007}';
const HOME: char = '\u{e011}';

pub(crate) async fn a_photo_is_uploaded_and_shown_without_anything_moving(
    site: &Site,
    driver: &Driver,
) {
    let visit = Visit::new(site, driver).await;
    let browser = &visit.browser;
    browser.script(WATCH).await;
    visit.pick("quarters.jpg", &quarters()).await;
    visit.reaches("review").await;
    browser.keys("#description", "Four colours").await;
    browser.command("Network.enable", &json!({})).await;
    let slow = json!({
        "offline": false, "latency": DELAY_MS, "downloadThroughput": -1, "uploadThroughput": -1,
    });
    browser.command("Network.emulateNetworkConditions", &slow).await;
    visit.upload().await;
    visit.reaches("shown").await;
    browser.until("document.querySelector('#frame img.loaded')").await;

    let first = browser.script("return window.first").await;
    assert_eq!((&first["loaded"], &first["opacity"]), (&json!(false), &json!("0")));
    assert_eq!(first["shape"], 2.0);
    let colours = first["colours"].as_array().unwrap().iter().map(colour);
    assert_eq!(colours.map(quarter_of).collect::<Vec<_>>(), [0, 1, 2, 3]);
    assert_eq!(browser.script("return window.moved").await, 0);

    // 35.5rem are 568 pixels, for which the smaller of the two is enough.
    let shown = "
        const image = document.querySelector('#frame picture img');
        return new Promise((resolve) => {
            const variant = new Image();
            variant.onload = () => resolve({
                url: image.currentSrc, alt: image.alt, attributes: [image.width, image.height],
                size: [variant.naturalWidth, variant.naturalHeight],
            });
            variant.src = image.currentSrc;
        });";
    let shown = browser.script(shown).await;
    assert_eq!((&shown["size"], &shown["alt"]), (&json!([800, 400]), &json!("Four colours")));
    let url = shown["url"].as_str().unwrap();
    let (_, name) = url.split_once("/webp/800x/").expect("it is the smaller WebP");
    let original = site.pipeline.object(&format!("originals/{name}")).await.unwrap();
    assert_eq!(original.bytes, quarters());
    assert_eq!(original.content_type, "image/jpeg");
    let status = browser.text("#status").await;
    assert_eq!(status, "Your photo is ready.");
    assert_eq!(browser.accessible("#status").await.0, "status");
    let sizes = "return [...document.querySelectorAll('#sizes a')].map((link) => link.textContent)";
    let expected = ["800 × 400", "1600 × 800", "800 × 400", "1600 × 800", "320 × 320"];
    assert_eq!(browser.script(sizes).await, json!(expected));
    print_times(&visit).await;

    // Choosing another photo clears the page.
    browser.click(".last").await;
    visit.reaches("pick").await;
    assert_eq!(browser.script("return document.querySelectorAll('#frame > *').length").await, 3);
    visit.browser.close().await;
}

fn colour(value: &Value) -> [u8; 3] {
    let part = |index| u8::try_from(value[index].as_u64().unwrap()).unwrap();
    [part(0), part(1), part(2)]
}

async fn print_times(visit: &Visit<'_>) {
    let marks = "return performance.getEntriesByType('mark').map((it) => [it.name, it.startTime])";
    let marks = visit.browser.script(marks).await;
    let time = |name: &str| {
        let mark = marks.as_array().unwrap().iter().find(|mark| mark[0] == name);
        mark.unwrap()[1].as_f64().unwrap()
    };
    let names = ["review", "uploading", "uploaded", "told", "loaded"];
    for pair in names.windows(2) {
        println!("{:>9} → {:9}{:6.0} ms", pair[0], pair[1], time(pair[1]) - time(pair[0]));
    }
}

pub(crate) async fn the_square_is_cut_around_the_point_that_was_clicked(
    site: &Site,
    driver: &Driver,
) {
    let visit = Visit::new(site, driver).await;
    let browser = &visit.browser;
    visit.pick("quarters.jpg", &quarters()).await;
    visit.reaches("review").await;
    // 568 by 284 pixels: the click is at 0.89 and 0.25 of them.
    browser.click_beside("#preview", (224, -71)).await;
    let sliders = "return ['across', 'down'].map((it) => document.getElementById(it).value)";
    assert_eq!(browser.script(sliders).await, json!(["89", "25"]));
    visit.upload().await;
    visit.reaches("shown").await;
    let name = "return new URL(document.getElementById('square').src).pathname";
    let name = browser.script(name).await.as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let square = site.pipeline.object(&format!("square/{name}")).await.unwrap();
    let square = image::load_from_memory_with_format(&square.bytes, ImageFormat::Jpeg).unwrap();
    let square = square.into_rgb8();
    assert_eq!(square.dimensions(), (320, 320));
    // The middle of the photo would show all quarters; the right half has only two.
    let places = [(40, 40), (280, 40), (40, 280), (280, 280)];
    let seen = places.map(|(x, y)| quarter_of(square.get_pixel(x, y).0));
    assert_eq!(seen, [1, 1, 3, 3]);

    // The same by keyboard, in the words of a screen reader.
    browser.click(".last").await;
    visit.pick("quarters.jpg", &quarters()).await;
    visit.reaches("review").await;
    assert_eq!(browser.script("return document.getElementById('point').hidden").await, true);
    browser.press(&format!("{TAB}{HOME}")).await;
    assert_eq!(browser.script(sliders).await, json!(["0", "50"]));
    let named = |role: &str, name: &str| (role.to_owned(), name.to_owned());
    assert_eq!(browser.accessible("#across").await, named("slider", "Across"));
    assert_eq!(browser.accessible("#description").await, named("textbox", "Description"));
    assert_eq!(browser.accessible("#preview").await, named("image", "The photo you chose"));
    browser.press(&format!("{TAB}{TAB}Quarters{ENTER}")).await;
    visit.reaches("shown").await;
    browser.until("document.querySelector('#frame img.loaded')").await;
    assert_eq!(browser.accessible("#frame picture img").await, named("image", "Quarters"));
    visit.browser.close().await;
}
