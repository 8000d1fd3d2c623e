//! The sides as processes: each answers one line of JSON for every photo that it is asked for.
//!
//! A process lives for a whole run, so that its times are those of a warm function; for its memory
//! it is started anew for every photo. `sharp.mjs` speaks the same protocol.

use std::{
    env,
    error::Error,
    fs,
    io::{self, BufRead, BufReader, Write},
    ops::ControlFlow,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use contract::settings::{Format, Variant};
use imaging::{
    engine::{self, Scratch},
    limits::Limits,
    order::Order,
};
use nix::sys::resource::{Usage, UsageWho, getrusage};
use serde::{Deserialize, Serialize};

use crate::side::{self, Side};

/// One photo to make variants of.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Question {
    /// The original.
    pub(crate) photo: PathBuf,
    /// The folder in which the variants are left, as [`result`] names them.
    pub(crate) results: PathBuf,
    /// The frames of the variants, the largest first and all of one shape.
    pub(crate) sizes: Vec<(u32, u32)>,
}

/// What making them took.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Answer {
    /// Time of all threads on a processor, in the program and in the kernel for it.
    pub(crate) cpu_micros: u64,
    /// The size of each variant.
    pub(crate) file_bytes: Vec<u64>,
    /// The most memory that the process has had resident so far.
    pub(crate) peak_kib: u64,
    /// Decoding, resizing and encoding, on the clock; only our side knows.
    pub(crate) stage_micros: Option<[u64; 3]>,
}

/// The variants of the tutorial.
pub(crate) const SIZES: [(u32, u32); 2] = [(800, 600), (400, 300)];

/// The same as settings of the function, at this quality and else with its defaults.
pub(crate) fn variants_at(quality: u8) -> Vec<Variant> {
    variants_of(&SIZES, quality)
}

/// The same for other frames.
fn variants_of(sizes: &[(u32, u32)], quality: u8) -> Vec<Variant> {
    // Whatever the original is, as the other sides.
    let format = Format::Jpeg;
    let variant = |(width, height)| Variant { quality, format, ..Variant::of_size(width, height) };
    sizes.iter().copied().map(variant).collect()
}

/// The quality at which every side encodes.
pub(crate) const QUALITY: u8 = 80;

/// A side at work.
#[derive(Debug)]
pub(crate) struct Worker {
    process: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Worker {
    /// Starts the process of a side.
    pub(crate) fn start(side: Side) -> Result<Self, Box<dyn Error>> {
        let mut command = if let Some(way) = side.sharp_way() {
            let mut node = Command::new("node");
            node.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/sharp.mjs")).arg(way);
            node
        } else {
            let mut own = Command::new(env::current_exe()?);
            own.args(["worker", side.name()]);
            own
        };
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let questions = process.stdin.take().ok_or("the worker has no input")?;
        let answers = BufReader::new(process.stdout.take().ok_or("the worker has no output")?);
        Ok(Self { process, questions, answers })
    }

    /// Has the variants of one photo made.
    pub(crate) fn ask(&mut self, question: &Question) -> Result<Answer, Box<dyn Error>> {
        writeln!(self.questions, "{}", serde_json::to_string(question)?)?;
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        serde_json::from_str(&line)
            .map_err(|error| format!("no answer for {}: {error}", question.photo.display()).into())
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Both fail only for a process that has ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Answers questions until there are no more, as our side or as ImageMagick.
pub(crate) fn serve(side: Side) -> Result<(), Box<dyn Error>> {
    let mut scratch = Scratch::default();
    for line in io::stdin().lock().lines() {
        let question: Question = serde_json::from_str(&line?)?;
        let answer = match side {
            Side::ImageMagick => convert(&question)?,
            _ => render(&question, &mut scratch)?,
        };
        writeln!(io::stdout(), "{}", serde_json::to_string(&answer)?)?;
    }
    Ok(())
}

fn render(question: &Question, scratch: &mut Scratch) -> Result<Answer, Box<dyn Error>> {
    let photo = fs::read(&question.photo)?;
    let before = cpu_micros(getrusage(UsageWho::RUSAGE_SELF)?);
    let variants = variants_of(&question.sizes, QUALITY);
    let mut files = Vec::new();
    let opened = engine::open(&photo, Order::of(&variants), &Limits::default())?;
    let rendering = opened.render(scratch, &mut |rendered| {
        files.push(rendered.bytes);
        ControlFlow::Continue(())
    })?;
    let cpu_micros = cpu_micros(getrusage(UsageWho::RUSAGE_SELF)?) - before;
    let peak_kib = peak_kib()?;
    for (index, file) in files.iter().enumerate() {
        fs::write(result(&question.results, index), file)?;
    }
    let stages = [rendering.decode, rendering.resize, rendering.encode];
    Ok(Answer {
        cpu_micros,
        file_bytes: files.iter().map(|file| file.len() as u64).collect(),
        peak_kib,
        stage_micros: Some(stages.map(|stage| u64::try_from(stage.as_micros()).unwrap_or(0))),
    })
}

/// As the tutorial has it: the program is called once for every variant.
fn convert(question: &Question) -> Result<Answer, Box<dyn Error>> {
    let before = cpu_micros(getrusage(UsageWho::RUSAGE_CHILDREN)?);
    for (index, (width, height)) in question.sizes.iter().enumerate() {
        let status = Command::new(side::convert())
            // One thread, as the other sides have.
            .env("MAGICK_THREAD_LIMIT", "1")
            .arg(&question.photo)
            .args(["-resize", &format!("{width}x{height}^"), "-gravity", "center"])
            .args(["-crop", &format!("{width}x{height}+0+0"), "+repage"])
            .args(["-quality", &QUALITY.to_string(), "-interlace", "Plane"])
            .arg(result(&question.results, index))
            .status()?;
        if !status.success() {
            return Err(format!("convert failed on {}", question.photo.display()).into());
        }
    }
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let peak_kib = u64::try_from(usage.max_rss())?;
    let cpu_micros = cpu_micros(usage) - before;
    let mut file_bytes = Vec::new();
    for index in 0..question.sizes.len() {
        file_bytes.push(fs::metadata(result(&question.results, index))?.len());
    }
    Ok(Answer { cpu_micros, file_bytes, peak_kib, stage_micros: None })
}

/// Where a variant is left.
pub(crate) fn result(folder: &Path, index: usize) -> PathBuf {
    folder.join(format!("{index}.jpg"))
}

pub(crate) fn cpu_micros(usage: Usage) -> u64 {
    let micros = |time: nix::sys::time::TimeVal| time.tv_sec() * 1_000_000 + time.tv_usec();
    u64::try_from(micros(usage.user_time()) + micros(usage.system_time())).unwrap_or(0)
}

/// The most memory that this process has had resident, from `/proc/self/status`, proc(5).
fn peak_kib() -> Result<u64, Box<dyn Error>> {
    peak_kib_in(&fs::read_to_string("/proc/self/status")?)
}

/// The same, from the text of any such file.
pub(crate) fn peak_kib_in(status: &str) -> Result<u64, Box<dyn Error>> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.trim().strip_suffix(" kB")).ok_or("no VmHWM")?;
    Ok(number.trim().parse()?)
}
