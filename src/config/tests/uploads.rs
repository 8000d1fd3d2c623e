//! Who may upload, and what.

use insta::assert_snapshot;

use super::{accepted, refused_lines, verdicts};

fn file(uploads: &str) -> String {
    format!("[bucket]\nname = 'photos'\n[[variants]]\nsize = '400x300'\n[uploads]\n{uploads}\n")
}

#[test]
fn an_origin_is_what_a_browser_sends() {
    let origins = [
        "https://app.example.com",
        "https://app.example.com:8443",
        "https://192.0.2.1",
        "http://localhost",
        "http://localhost:3000",
        "https://localhost:3000",
        "http://127.0.0.1:5173",
        "http://[::1]:5173",
        "http://app.localhost:3000",
        "*",
        "https://*.example.com",
        "http://app.example.com",
        "http://app.example.com:8080",
        "https://app.example.com/",
        "https://app.example.com/upload?a",
        "https://App.Example.com",
        "https://app.example.com:443",
        "http://localhost:80",
        "app.example.com",
        "localhost:3000",
        "https://app.example.com:0",
        "https://app.example.com:65536",
        "https://app.example.com:",
        "https://user@app.example.com",
        "https://example",
        "https://",
        "ftp://app.example.com",
        "null",
        "",
    ];
    assert_snapshot!(verdicts(origins, |it| file(&format!("origins = ['{it}']"))), @"
    https://app.example.com => accepted
    https://app.example.com:8443 => accepted
    https://192.0.2.1 => accepted
    http://localhost => accepted
    http://localhost:3000 => accepted
    https://localhost:3000 => accepted
    http://127.0.0.1:5173 => accepted
    http://[::1]:5173 => accepted
    http://app.localhost:3000 => accepted
    * => `uploads.origins` has a `*`: with a wildcard, pages of sites that you don't control could upload as well; name each origin
    https://*.example.com => `uploads.origins` has a `*`: with a wildcard, pages of sites that you don't control could upload as well; name each origin
    http://app.example.com => `uploads.origins` is not `https`, which only `localhost` may do without: did you mean `https://app.example.com`?
    http://app.example.com:8080 => `uploads.origins` is not `https`, which only `localhost` may do without: did you mean `https://app.example.com:8080`?
    https://app.example.com/ => `uploads.origins` is not an origin: did you mean `https://app.example.com`?
    https://app.example.com/upload?a => `uploads.origins` is not an origin: did you mean `https://app.example.com`?
    https://App.Example.com => `uploads.origins` is not an origin: did you mean `https://app.example.com`?
    https://app.example.com:443 => `uploads.origins` is not an origin: did you mean `https://app.example.com`?
    http://localhost:80 => `uploads.origins` is not an origin: did you mean `http://localhost`?
    app.example.com => `uploads.origins` is not an origin: did you mean `https://app.example.com`?
    localhost:3000 => `uploads.origins` is not an origin: did you mean `https://localhost:3000`?
    https://app.example.com:0 => `uploads.origins` is not an origin: an origin is a scheme and a host, such as `https://app.example.com`, and a port where the address has one
    https://app.example.com:65536 => `uploads.origins` is not an origin: an origin is a scheme and a host, such as `https://app.example.com`, and a port where the address has one
    https://app.example.com: => `uploads.origins` is not an origin: an origin is a scheme and a host, such as `https://app.example.com`, and a port where the address has one
    https://user@app.example.com => `uploads.origins` is not an origin: an origin is a scheme and a host, such as `https://app.example.com`, and a port where the address has one
    https://example => `uploads.origins` is not an origin: an origin is a scheme and a host, such as `https://app.example.com`, and a port where the address has one
    https:// => `uploads.origins` is not an origin: an origin is a scheme and a host, such as `https://app.example.com`, and a port where the address has one
    ftp://app.example.com => `uploads.origins` is not an origin: an origin is a scheme and a host, such as `https://app.example.com`, and a port where the address has one
    null => `uploads.origins` is not an origin: an origin is a scheme and a host, such as `https://app.example.com`, and a port where the address has one
     => `uploads.origins` is not an origin: an origin is a scheme and a host, such as `https://app.example.com`, and a port where the address has one
    ");
}

#[test]
fn an_origin_is_named_once() {
    let lines = "uploads.origins = ['https://a.example.com', 'https://a.example.com']\n";
    assert_snapshot!(refused_lines(lines), @"
    error: `uploads.origins` has an origin twice
     --> pipeline.toml:3:45
      |
    3 | uploads.origins = ['https://a.example.com', 'https://a.example.com']
      |                    -----------------------  ^^^^^^^^^^^^^^^^^^^^^^^ remove one of the two
      |                    |
      |                    the other one
    ");
}

#[test]
fn as_many_origins_as_are_allowed() {
    let origins = |count| {
        let origins = (0..count).map(|number| format!("'https://{number}.example.com'"));
        file(&format!("origins = [{}]", origins.collect::<Vec<_>>().join(", ")))
    };
    assert_eq!(accepted(&origins(100)).uploads.origins.len(), 100);
    assert_snapshot!(verdicts(["101"], |_| origins(101)), @"101 => `uploads.origins` has 101 origins: at most 100 are allowed");
}

#[test]
fn a_size_is_a_number_with_a_decimal_unit() {
    let sizes = [
        "1kB",
        "25MB",
        "5GB",
        "5000000kB",
        "6GB",
        "5000001kB",
        "99999999999999999999GB",
        "0",
        "0MB",
        "25",
        "25 MB",
        "25mb",
        "25KB",
        "25MiB",
        "25M",
        "2.5MB",
        "-1MB",
        "MB",
        "25TB",
        "large",
        "",
    ];
    assert_snapshot!(verdicts(sizes, |it| file(&format!("max_size = '{it}'"))), @"
    1kB => accepted
    25MB => accepted
    5GB => accepted
    5000000kB => accepted
    6GB => `uploads.max_size` is 6GB: S3 takes at most 5GB in one upload
    5000001kB => `uploads.max_size` is 5000001kB: S3 takes at most 5GB in one upload
    99999999999999999999GB => `uploads.max_size` is 99999999999999999999GB: S3 takes at most 5GB in one upload
    0 => `uploads.max_size` is 0: nothing could be uploaded
    0MB => `uploads.max_size` is 0: nothing could be uploaded
    25 => `uploads.max_size` is not a size: a size is a whole number with a decimal unit, kB, MB or GB, such as `25MB`
    25 MB => `uploads.max_size` is not a size: did you mean `25MB`?
    25mb => `uploads.max_size` is not a size: did you mean `25MB`?
    25KB => `uploads.max_size` is not a size: did you mean `25kB`?
    25MiB => `uploads.max_size` is not a size: did you mean `25MB`?
    25M => `uploads.max_size` is not a size: did you mean `25MB`?
    2.5MB => `uploads.max_size` is not a size: a size is a whole number with a decimal unit, kB, MB or GB, such as `25MB`
    -1MB => `uploads.max_size` is not a size: a size is a whole number with a decimal unit, kB, MB or GB, such as `25MB`
    MB => `uploads.max_size` is not a size: a size is a whole number with a decimal unit, kB, MB or GB, such as `25MB`
    25TB => `uploads.max_size` is not a size: a size is a whole number with a decimal unit, kB, MB or GB, such as `25MB`
    large => `uploads.max_size` is not a size: a size is a whole number with a decimal unit, kB, MB or GB, such as `25MB`
     => `uploads.max_size` is not a size: a size is a whole number with a decimal unit, kB, MB or GB, such as `25MB`
    ");
    let bytes = |text: &str| accepted(&file(&format!("max_size = '{text}'"))).uploads.max_size;
    assert_eq!([bytes("1kB"), bytes("25MB"), bytes("5GB")], [1_000, 25_000_000, 5_000_000_000]);
}

#[test]
fn a_type_is_one_or_all_of_a_kind() {
    let long = format!("image/{}", "x".repeat(250));
    let types = [
        "image/*",
        "image/jpeg",
        "image/svg+xml",
        "application/octet-stream",
        "image",
        "Image/JPEG",
        "*/*",
        "*",
        "image/j*",
        "image/",
        "/jpeg",
        "image/jpeg; q=1",
        "image/jpeg,image/png",
        "",
        &long,
    ];
    assert_snapshot!(verdicts(types, |it| file(&format!("types = ['{it}']"))), @"
    image/* => accepted
    image/jpeg => accepted
    image/svg+xml => accepted
    application/octet-stream => accepted
    image => `uploads.types` is not a content type: did you mean `image/*`?
    Image/JPEG => `uploads.types` is not a content type: did you mean `image/jpeg`?
    */* => `uploads.types` is not a content type: a type is one such as `image/jpeg`, or `image/*` for all of a kind
    * => `uploads.types` is 1 character long: a type is one such as `image/jpeg`, or `image/*` for all of a kind
    image/j* => `uploads.types` is not a content type: a type is one such as `image/jpeg`, or `image/*` for all of a kind
    image/ => `uploads.types` is not a content type: a type is one such as `image/jpeg`, or `image/*` for all of a kind
    /jpeg => `uploads.types` is not a content type: a type is one such as `image/jpeg`, or `image/*` for all of a kind
    image/jpeg; q=1 => `uploads.types` is not a content type: a type is one such as `image/jpeg`, or `image/*` for all of a kind
    image/jpeg,image/png => `uploads.types` is not a content type: a type is one such as `image/jpeg`, or `image/*` for all of a kind
     => `uploads.types` is empty: a type is one such as `image/jpeg`, or `image/*` for all of a kind
    image/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx => `uploads.types` is 256 characters long: a type is one such as `image/jpeg`, or `image/*` for all of a kind
    ");
    assert_snapshot!(verdicts(["[]", "['image/*', 'image/*']", "'image/*'"], |it| {
        file(&format!("types = {it}"))
    }), @r#"
    [] => `uploads.types` names no type: name a type, such as `types = ["image/*"]`, or remove `types`
    ['image/*', 'image/*'] => `uploads.types` has a type twice: remove one of the two
    'image/*' => `uploads.types` is a string, not an array of strings: write it in brackets: `['image/*']`
    "#);
}
