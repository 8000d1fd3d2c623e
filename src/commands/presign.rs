//! `imgprep presign`

use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use aws_sdk_s3::config::{Credentials, ProvideCredentials};
use clap::Args;
use contract::framing::{Crop, Focus, Framing};
use contract::keys::ImagePath;

use super::logs::duration;
use super::session::{Account, Start};
use crate::amounts::bytes;
use crate::args::{Global, crop, focus};
use crate::aws::{Aws, AwsError};
use crate::config::{Code, Config, single};
use crate::error::{Error, Target};
use crate::original::{self, NotAKey, kinds};
use crate::presign::{FILE_NAME, Form, Upload, is_allowed, validity};
use crate::report::advice::quoted;
use crate::report::{Answer, Outcome, Report, pretty};
use crate::suggestion::list;

/// Sign a form with which a browser may upload one original
///
/// Prints a `curl` command, or the form with `--json`. S3 accepts it with exactly this key and content
/// type, up to `max_size` of `[uploads]`. Whoever has it can upload until it expires.
///
/// Example: imgprep presign 2026/cat.jpg --focus 0.31,0.62
#[derive(Debug, Args)]
pub(crate) struct Presign {
    /// The original's key, with or without the folder of the originals
    pub(crate) key: String,
    /// Its content type; default: by the extension of the key
    #[arg(long = "type", value_name = "TYPE", value_parser = one_type)]
    pub(crate) content_type: Option<String>,
    /// The point that `cover` centres its crop on, in fractions from the top left
    #[arg(long, value_name = "X,Y", value_parser = focus)]
    pub(crate) focus: Option<Focus>,
    /// The part that is cut out before anything else, in fractions of width and height
    #[arg(long, value_name = "LEFT,TOP,WIDTH,HEIGHT", value_parser = crop)]
    pub(crate) crop: Option<Crop>,
    /// How long it is valid, such as 90s, 15m or 2h; 7d at most
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = validity_of)]
    pub(crate) expires: Duration,
}

/// As long as the key lasts that signs.
const EXPIRES_MAX: Duration = Duration::from_hours(7 * 24);

fn validity_of(text: &str) -> Result<Duration, String> {
    let time = duration(text)?;
    if time.is_zero() || time > EXPIRES_MAX {
        return Err("must be 1s to 7d".to_owned());
    }
    Ok(time)
}

fn one_type(text: &str) -> Result<String, String> {
    single::check_content_type(text).map(|()| text.to_owned())
}

pub(crate) async fn run(args: &Presign, global: &Global, report: &Report) -> Result<Answer, Error> {
    let account = Account::open(global, report, Start::IfNeeded).await?;
    let Account { config, aws, names } = &account;
    let path = path(config, &args.key)?;
    let content_type = allowed_type(config, path, args.content_type.as_deref())?;
    warn_of(config, path, report);
    let credentials = credentials(aws).await;
    let credentials = credentials.map_err(|error| Error::Connect { error, target: Target::Aws })?;
    let now = SystemTime::now();
    let (expires, is_short) = validity(args.expires, &credentials, now);
    let upload = Upload {
        url: aws.endpoints.bucket_url(&names.bucket, &aws.region, aws.dns_suffix()),
        bucket: &names.bucket,
        region: &aws.region,
        key: path.key_in(&config.bucket.originals),
        content_type,
        framing: Framing { focus: args.focus, crop: args.crop },
        max_size: config.uploads.max_size,
    };
    let form = upload.form(&credentials, now, expires);
    if is_short {
        report.warn(&format!("the form expires with the credentials, at {}", form.expires));
    }
    let size = bytes(upload.max_size);
    report.preview(|_| format!("valid until {} for up to {size}\n", form.expires));
    Ok(Box::new(Signed { form, file: path.0.rsplit('/').next().unwrap_or_default().to_owned() }))
}

fn path<'key>(config: &Config, key: &'key str) -> Result<ImagePath<'key>, Error> {
    let path = original::path(config, key).map_err(Error::Key)?;
    let wrong = |why: String| Err(Error::Key(NotAKey { key: key.to_owned(), why }));
    if path.0.contains(FILE_NAME) {
        return wrong(format!("S3 would put the file's own name in place of `{FILE_NAME}`"));
    }
    if let Some(part) = path.0.split('/').find(|part| matches!(*part, "." | "..")) {
        return wrong(format!(
            "browsers leave out `{part}` from addresses, so they could not fetch its variants"
        ));
    }
    Ok(path)
}

/// The content type that is asked for, or that the key says, if the file allows it.
fn allowed_type(
    config: &Config,
    path: ImagePath<'_>,
    asked: Option<&str>,
) -> Result<String, Error> {
    let heic = match config.function.code {
        Code::Bundled(codecs) => Some(codecs.heic),
        // What a function of the user's own reads is not known.
        Code::Crate(_) | Code::Zip(_) => None,
    };
    if let Some(heic) = heic {
        check_kind(path, asked, heic)?;
    }
    let Some(found) = asked.or(kinds::content_type(path)) else {
        return Err(Error::ContentType {
            what: format!("the extension of `{}` says nothing of its content type", path.0),
            hint: "add `--type`, such as `--type image/jpeg`".to_owned(),
        });
    };
    let types = &config.uploads.types;
    if !is_allowed(found, types) {
        let allowed = list(types.iter().map(String::as_str), "or");
        return Err(Error::ContentType {
            what: format!("the content type `{found}` is not allowed"),
            hint: format!("choose {allowed}, or add it to `types` under `[uploads]`"),
        });
    }
    Ok(found.to_owned())
}

/// Refuses what the function would refuse: a kind that it does not read, by the type that is asked for,
/// or else by the key.
fn check_kind(path: ImagePath<'_>, asked: Option<&str>, heic: bool) -> Result<(), Error> {
    let read = kinds::read(heic);
    let (what, hint) = match asked {
        Some(asked) => match kinds::unread_by_type(asked, heic) {
            Some(kind) => (
                format!("the content type `{asked}` is {kind}, which imgprep does not read"),
                format!("upload a {read}"),
            ),
            None => return Ok(()),
        },
        None => match kinds::unread_by_name(path, heic) {
            Some(kind) => (
                format!("`{}` is {kind} by its extension, which imgprep does not read", path.0),
                format!("upload a {read}; if it is one already, name its `--type`"),
            ),
            None => return Ok(()),
        },
    };
    Err(Error::ContentType { what, hint })
}

/// Says what S3 takes and may not be meant.
fn warn_of(config: &Config, path: ImagePath<'_>, report: &Report) {
    if config.variants_of(path).next().is_none() {
        report.warn("no variant is made of originals in this folder");
    }
}

/// The credentials of the session.
async fn credentials(aws: &Aws) -> Result<Credentials, AwsError> {
    const CALL: &str = "s3:PutObject";
    let provider = aws.credentials.as_ref();
    let provider = provider.ok_or_else(|| AwsError::request(CALL, "there are no credentials"))?;
    let credentials = provider.provide_credentials().await;
    credentials.map_err(|error| AwsError::request(CALL, error.to_string()))
}

/// A form, ready to be sent.
struct Signed {
    form: Form,
    /// What the file may be called on the uploader's machine.
    file: String,
}

impl Outcome for Signed {
    fn text(&self, _report: &Report) -> String {
        command(&self.form, &self.file)
    }

    fn json(&self) -> String {
        pretty(&self.form)
    }
}

/// The command that uploads a file of this name.
fn command(form: &Form, file: &str) -> String {
    let mut text = format!("curl --fail-with-body {}", quoted(&form.url));
    for (name, value) in &form.fields {
        let _ = write!(text, " \\\n  --form-string {}", quoted(&format!("{name}={value}")));
    }
    let _ = writeln!(text, " \\\n  -F {}", quoted(&format!("file=@{}", curl_name(file))));
    text
}

/// The name of a file as curl reads it in a form: what would end it stands in quotes.
fn curl_name(name: &str) -> String {
    if name.contains([';', ',', '"', '\\']) {
        return format!("\"{}\"", name.replace('\\', r"\\").replace('"', r#"\""#));
    }
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn config(uploads: &str) -> Config {
        let text = format!("[bucket]\nname = 'photos'\n[[variants]]\nsize = '4x3'\n{uploads}");
        Config::parse(&text, "pipeline.toml", Path::new(""), &|_| None).unwrap()
    }

    #[test]
    fn the_type_is_asked_for_or_follows_from_the_key_and_must_be_allowed() {
        let only_png = config("[uploads]\ntypes = ['image/png']\n");
        let found = |config: &Config, path, asked| {
            allowed_type(config, ImagePath(path), asked)
                .unwrap_or_else(|error| format!("{}; {}", error.what(), error.hint().unwrap()))
        };
        let all = config("");
        assert_eq!(found(&all, "a.jpg", None), "image/jpeg");
        assert_eq!(found(&all, "a.jpg", Some("image/webp")), "image/webp");
        assert_eq!(
            found(&all, "b/a.xyz", None),
            "the extension of `b/a.xyz` says nothing of its content type; add `--type`, such as \
             `--type image/jpeg`"
        );
        assert_eq!(
            found(&only_png, "a.jpg", None),
            "the content type `image/jpeg` is not allowed; choose `image/png`, or add it to \
             `types` under `[uploads]`"
        );
    }

    #[test]
    fn what_the_function_would_not_read_is_not_signed() {
        let found = |config: &Config, path, asked| {
            allowed_type(config, ImagePath(path), asked)
                .unwrap_or_else(|error| format!("{}; {}", error.what(), error.hint().unwrap()))
        };
        let all = config("");
        assert_eq!(
            found(&all, "b/a.avif", None),
            "`b/a.avif` is AVIF by its extension, which imgprep does not read; upload a JPEG, PNG, \
             WebP, GIF, BMP, TIFF or HEIC; if it is one already, name its `--type`"
        );
        for (path, kind) in [("a.svg", "SVG"), ("a.dng", "camera raw")] {
            assert!(found(&all, path, None).starts_with(&format!("`{path}` is {kind} ")), "{path}");
        }
        assert_eq!(
            found(&all, "a.jpg", Some("image/avif")),
            "the content type `image/avif` is AVIF, which imgprep does not read; upload a JPEG, \
             PNG, WebP, GIF, BMP, TIFF or HEIC"
        );
        assert_eq!(found(&all, "a.avif", Some("image/jpeg")), "image/jpeg");
        assert_eq!(found(&all, "a.heic", None), "image/heic");
        assert_eq!(found(&all, "a", Some("image/x-unheard-of")), "image/x-unheard-of");
        let without = config("[function]\nheic = false\n");
        assert!(found(&without, "a.heic", None).contains("upload a JPEG, PNG, WebP, GIF, BMP or"));
    }

    #[test]
    fn a_type_is_one_of_its_form_only() {
        assert_eq!(one_type("image/svg+xml").as_deref(), Ok("image/svg+xml"));
        for text in ["image/*", "image", "image/png\r\n", "image/png; q=1", "Image/PNG", ""] {
            assert!(one_type(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_key_in_which_s3_would_put_the_files_name_is_refused() {
        let why = path(&config(""), "a/${filename}").map(|path| path.0.to_owned()).unwrap_err();
        assert_eq!(why.why(), ["S3 would put the file's own name in place of `${filename}`"]);
    }

    #[test]
    fn a_key_that_browsers_would_change_is_refused() {
        let config = config("");
        let why = |key| path(&config, key).map(|path| path.0.to_owned()).map_err(|it| it.why());
        for (key, part) in [("../x.jpg", ".."), ("a/./x.jpg", "."), ("originals/a/..", "..")] {
            let told = format!(
                "browsers leave out `{part}` from addresses, so they could not fetch its variants"
            );
            assert_eq!(why(key).unwrap_err(), [told], "{key}");
        }
        assert_eq!(why("a..b/.x.jpg").unwrap(), "a..b/.x.jpg");
    }

    #[test]
    fn curl_and_the_shell_take_every_name_as_it_is() {
        let line = |file: &str, key: &str| {
            let fields = [("key".to_owned(), key.to_owned())].into();
            let url = "https://photos.s3.us-east-1.amazonaws.com".to_owned();
            command(&Form { url, fields, expires: String::new() }, file)
        };
        assert_eq!(
            line("a.jpg", "originals/a.jpg"),
            "curl --fail-with-body https://photos.s3.us-east-1.amazonaws.com \\\n  --form-string \
             key=originals/a.jpg \\\n  -F file=@a.jpg\n"
        );
        let hard = line("a;b\"'.jpg", "originals/a;b\"'.jpg");
        assert!(hard.contains(r#"--form-string 'key=originals/a;b"'\''.jpg'"#), "{hard}");
        assert!(hard.ends_with("-F 'file=@\"a;b\\\"'\\''.jpg\"'\n"), "{hard}");
    }

    #[test]
    fn a_form_is_valid_for_a_week_at_most() {
        for text in ["1s", "15m", "7d", "168h"] {
            assert!(validity_of(text).is_ok(), "{text}");
        }
        for text in ["0s", "8d", "169h", "15", "-1m", ""] {
            assert!(validity_of(text).is_err(), "{text}");
        }
    }
}
