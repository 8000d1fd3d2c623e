//! AVIF through `avifdec` of libavif, which decodes it as browsers do.

use std::{borrow::Cow, env, error::Error, fs, process, process::Command, process::Stdio, thread};

/// The file as one that the `image` crate reads: AVIF becomes PNG, all else stays as it is.
pub(crate) fn readable(file: &[u8]) -> Result<Cow<'_, [u8]>, Box<dyn Error>> {
    if file.get(4..12) != Some(b"ftypavif") {
        return Ok(Cow::Borrowed(file));
    }
    let place = |ending: &str| {
        env::temp_dir().join(format!(
            "bench-{}-{:?}.{ending}",
            process::id(),
            thread::current().id()
        ))
    };
    let (avif, png) = (place("avif"), place("png"));
    fs::write(&avif, file)?;
    let mut avifdec = Command::new("avifdec");
    let status = avifdec.args(["--depth", "8"]).arg(&avif).arg(&png).stdout(Stdio::null()).status();
    let decoded = match status {
        Ok(status) if status.success() => Ok(fs::read(&png)?),
        Ok(status) => Err(format!("avifdec: {status}")),
        Err(error) => Err(format!("avifdec (apt-get install -y libavif-bin): {error}")),
    };
    fs::remove_file(&avif)?;
    if decoded.is_ok() {
        fs::remove_file(&png)?;
    }
    Ok(Cow::Owned(decoded?))
}
