//! What goes wrong, and how the page says so.

use std::fs::File;

use serde_json::json;

use crate::site::Site;
use crate::visit::{Visit, quarters};
use crate::webdriver::Driver;

pub(crate) async fn what_is_no_photo_or_too_large_is_told_before_it_is_sent(
    site: &Site,
    driver: &Driver,
) {
    let visit = Visit::new(site, driver).await;
    visit.pick("notes.txt", b"no photo").await;
    assert_eq!(
        visit.error().await,
        "“notes.txt” is not a supported photo. Choose a JPEG, PNG, WebP or HEIC file."
    );
    let large = visit.file("large.jpg", &[]);
    File::options().write(true).open(&large).unwrap().set_len(25_100_000).unwrap();
    visit.browser.keys("#file", large.to_str().unwrap()).await;
    visit.browser.until("document.getElementById('error').textContent.includes('large')").await;
    assert_eq!(visit.error().await, "“large.jpg” is 25.1 MB. The limit is 25 MB.");
    assert_eq!(visit.browser.accessible("#error").await.0, "alert");
    // A file that is dropped is looked at in the same way.
    let drop = "
        const dataTransfer = new DataTransfer();
        dataTransfer.items.add(new File(['no photo'], 'dropped.txt', { type: 'text/plain' }));
        document.body.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true }));
        return document.getElementById('error').textContent;";
    assert_eq!(
        visit.browser.script(drop).await,
        "“dropped.txt” is not a supported photo. Choose a JPEG, PNG, WebP or HEIC file."
    );
    visit.pick("quarters.jpg", &quarters()).await;
    visit.reaches("review").await;
    assert_eq!(visit.browser.text("#error").await, "");
    visit.browser.close().await;
}

pub(crate) async fn what_s3_refuses_is_told_and_can_be_tried_again(site: &Site, driver: &Driver) {
    let visit = Visit::new(site, driver).await;
    // A page that lets it pass.
    visit.browser.script("document.getElementById('file').dataset.maxMegabytes = 26").await;
    let large = visit.file("large.jpg", &[]);
    File::options().write(true).open(&large).unwrap().set_len(25_000_001).unwrap();
    visit.browser.keys("#file", large.to_str().unwrap()).await;
    visit.reaches("review").await;
    visit.upload().await;
    assert_eq!(visit.error().await, "“large.jpg” is larger than allowed.");
    visit.reaches("review").await;

    visit.browser.click("form .again").await;
    visit.pick("empty.jpg", b"").await;
    visit.reaches("review").await;
    visit.upload().await;
    assert_eq!(visit.error().await, "“empty.jpg” is empty.");
    visit.browser.close().await;
}

pub(crate) async fn a_broken_photo_is_told_with_its_reason(site: &Site, driver: &Driver) {
    let visit = Visit::new(site, driver).await;
    visit.pick("broken.jpg", b"these bytes are no image").await;
    visit.reaches("review").await;
    visit.upload().await;
    visit.reaches("failed").await;
    assert_eq!(visit.error().await, "“broken.jpg” could not be processed: not an image.");
    visit.browser.click(".last").await;
    visit.reaches("pick").await;
    visit.browser.close().await;
}

pub(crate) async fn the_server_signs_photos_for_its_own_page_only(site: &Site, driver: &Driver) {
    let visit = Visit::new(site, driver).await;
    let asked = async |kind: &str, body: &str| {
        let script = format!(
            "return fetch('/uploads', {{ method: 'POST', headers: {{ 'content-type': '{kind}' }}, \
             body: '{body}' }}).then(async (it) => [it.status, (await it.json()).error])"
        );
        visit.browser.script(&script).await
    };
    let only = "Only JPEG, PNG, WebP and HEIC photos are accepted.";
    assert_eq!(asked("application/json", r#"{"type":"image/gif"}"#).await, json!([415, only]));
    assert_eq!(asked("text/plain", "{}").await, json!([415, "Send JSON."]));
    assert_eq!(asked("application/json", "{").await, json!([400, "The request is not JSON."]));
    let long = "1".repeat(1001);
    let long = asked("application/json", &long).await;
    assert_eq!(long, json!([413, "The request is too long."]));
    let nothing = "return fetch('/server.mjs').then((it) => it.status)";
    assert_eq!(visit.browser.script(nothing).await, 404);
    visit.browser.close().await;
}
