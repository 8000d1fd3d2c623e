//! What is made into variants: the photos of a folder, or pictures made for want of any.

use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
};

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

/// An original.
#[derive(Clone, Debug)]
pub(crate) struct Photo {
    pub(crate) path: PathBuf,
    /// The name of the file without its ending.
    pub(crate) name: String,
    pub(crate) megapixels: f64,
    pub(crate) file_bytes: u64,
}

impl Photo {
    fn at(path: PathBuf) -> Result<Self, Box<dyn Error>> {
        let bytes = fs::read(&path)?;
        let (width, height) = imaging::decode::dimensions(&bytes)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let megapixels = f64::from(width) * f64::from(height) / 1e6;
        Ok(Self { path, name, megapixels, file_bytes: bytes.len() as u64 })
    }
}

/// Every JPEG directly in a folder, in the order of their names.
pub(crate) fn in_folder(folder: &Path) -> Result<Vec<Photo>, Box<dyn Error>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))? {
        let path = entry?.path();
        let ending = path.extension().unwrap_or_default().to_ascii_lowercase();
        if ending == "jpg" || ending == "jpeg" {
            paths.push(path.canonicalize()?);
        }
    }
    if paths.is_empty() {
        return Err(format!("{} holds no .jpg or .jpeg", folder.display()).into());
    }
    paths.sort();
    paths.into_iter().map(Photo::at).collect()
}

/// The sides of the generated pictures: 2 to 24 megapixels, in the shapes of phones and cameras.
const GENERATED: [(u32, u32); 5] =
    [(1632, 1224), (2448, 3264), (4000, 3000), (4928, 3264), (6000, 4000)];

/// As cameras have it.
const QUALITY: u8 = 90;

/// Makes pictures like photos, the same on every machine, into a folder.
pub(crate) fn generated(folder: &Path) -> Result<Vec<Photo>, Box<dyn Error>> {
    fs::create_dir_all(folder)?;
    let mut photos = Vec::new();
    for (width, height) in GENERATED {
        let path = folder.join(format!("generated-{width}x{height}.jpg"));
        let mut encoder = Encoder::new_file(&path, QUALITY)?;
        encoder.set_sampling_factor(SamplingFactor::R_4_2_0);
        let pixels = sample::pixels(width, height);
        encoder.encode(&pixels, width.try_into()?, height.try_into()?, ColorType::Rgb)?;
        photos.push(Photo::at(path)?);
    }
    Ok(photos)
}
