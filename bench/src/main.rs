//! Measures the image path of the function against what else people use, and its start.
//!
//! `run` beside this crate builds it as the function is built, and calls it; see README.md.

mod cold_start;
mod compare;
mod decoded_avif;
mod effort;
mod fit;
mod formats;
mod framing;
mod grid;
mod large;
mod memory;
mod photos;
mod quality;
mod report;
mod side;
mod statistics;
mod worker;

use std::{
    env,
    error::Error,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    process::Command,
};

use report::Report;
use side::Side;

const USAGE: &str = "bench compare ROUNDS [FOLDER] | bench grid ROUNDS | bench effort [FOLDER] | \
    bench formats [FOLDER] | bench fit-quality FOLDER | \
    bench framing | bench cold-start STARTS BOOTSTRAP | bench memory BOOTSTRAP";

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["compare", rounds] => compare(rounds, None),
        ["compare", rounds, folder] => compare(rounds, Some(Path::new(folder))),
        ["formats"] => formats(None),
        ["formats", folder] => formats(Some(Path::new(folder))),
        ["fit-quality", folder] => {
            let photos = photos::in_folder(Path::new(folder))?;
            let halves = fit::Halves::of(&photos, &photos::generated(&made("photos"))?[..1])?;
            Ok(write!(io::stdout(), "{}\n{}", halves.numbers()?, halves.check()?)?)
        }
        ["effort"] => effort(None),
        ["effort", folder] => effort(Some(Path::new(folder))),
        ["cold-start", starts, bootstrap] => {
            let table = cold_start::compare(Path::new(bootstrap), starts.parse()?)?;
            Ok(write!(io::stdout(), "{table}")?)
        }
        ["grid", rounds] => {
            let table = grid::compare(rounds.parse()?, &made("grid"))?;
            Ok(write!(io::stdout(), "{table}")?)
        }
        ["framing"] => {
            let table = framing::compare(&side::convert(), &made("framing"))?;
            Ok(write!(io::stdout(), "{table}")?)
        }
        ["memory", bootstrap] => {
            let table = memory::measure(Path::new(bootstrap), &made("large"))?;
            Ok(write!(io::stdout(), "{table}")?)
        }
        // How `compare` starts this program again, as the process of one side.
        ["worker", side] => worker::serve(Side::named(side).ok_or("no such side")?),
        _ => Err(USAGE.into()),
    }
}

fn formats(folder: Option<&Path>) -> Result<(), Box<dyn Error>> {
    Ok(write!(io::stdout(), "{}", formats::compare(&photos(folder)?)?)?)
}

fn effort(folder: Option<&Path>) -> Result<(), Box<dyn Error>> {
    Ok(write!(io::stdout(), "{}", effort::compare(&photos(folder)?)?)?)
}

fn photos(folder: Option<&Path>) -> Result<Vec<photos::Photo>, Box<dyn Error>> {
    match folder {
        Some(folder) => photos::in_folder(folder),
        None => photos::generated(&made("photos")),
    }
}

fn compare(rounds: &str, folder: Option<&Path>) -> Result<(), Box<dyn Error>> {
    let photos = photos(folder)?;
    let rounds: usize = rounds.parse()?;
    let measured = compare::compare(&photos, rounds, &made("results"))?;
    let mut circumstances = vec![format!(
        "{} {}, {rounds} rounds after one to warm up, all sides in turn",
        photos.len(),
        if folder.is_some() { "photos" } else { "generated pictures" },
    )];
    circumstances.extend(machine()?);
    Ok(write!(io::stdout(), "{}", Report::new(&measured, circumstances))?)
}

/// A folder for what is made here and may be looked at.
fn made(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target").join(name)
}

/// What the figures depend on besides the programs.
fn machine() -> Result<Vec<String>, Box<dyn Error>> {
    let cpus = fs::read_to_string("/proc/cpuinfo")?;
    let model = cpus.lines().find(|line| line.starts_with("model name"));
    let model = model.and_then(|line| line.split(": ").nth(1)).unwrap_or("unknown");
    let flags = env::var("BENCH_FLAGS").unwrap_or_default();
    let convert = first_line(Command::new(side::convert()).arg("--version"))?;
    let versions = "import sharp from 'sharp'; console.log(process.version, \
        'sharp', sharp.versions.sharp, 'libvips', sharp.versions.vips)";
    let manifest = env!("CARGO_MANIFEST_DIR");
    let mut node = Command::new("node");
    node.current_dir(manifest).args(["--input-type=module", "-e", versions]);
    Ok(vec![
        format!("processor: {model}, {}, one thread a side", env::consts::ARCH),
        format!("imgprep: the profile of the function, {flags}"),
        format!("sharp: Node.js {}", first_line(&mut node)?),
        format!("ImageMagick: {}", convert.trim_start_matches("Version: ImageMagick ")),
    ])
}

fn first_line(command: &mut Command) -> Result<String, Box<dyn Error>> {
    let output = command.output()?;
    Ok(String::from_utf8(output.stdout)?.lines().next().unwrap_or_default().to_owned())
}
