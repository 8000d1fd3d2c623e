//! `imgprep render`

use std::path::Path;
use std::sync::Arc;

use imaging::limits::Limits;

use super::session::{ask_on_interrupt, blocking};
use crate::args::{Global, Render as Args};
use crate::aws::wait::Stop;
use crate::config::{Code, Config};
use crate::contact_sheet;
use crate::error::Error;
use crate::render::{PAGE, Refusal, Sheet, Work, find, write_whole};
use crate::report::{Outcome, Report};

pub(crate) async fn run(args: &Args, global: &Global, report: &Report) -> Result<Outcome, Error> {
    let config =
        Config::load(&global.config, &|name| std::env::var(name).ok()).map_err(Error::Config)?;
    if !matches!(config.function.code, Code::Bundled { .. }) {
        report.warn("the file names a function of its own, whose variants may differ from these");
    }
    let work = Work {
        limits: Limits::for_memory(config.function.memory.into()),
        variants: config.variants.into(),
        output: args.output.clone(),
    };
    work.check_formats().map_err(Error::Render)?;
    let (images, searched) = (args.images.clone(), work.clone());
    let search = move || {
        let folders = searched.variants.iter().map(|variant| variant.folder.as_str());
        find(&images, &searched.output, &folders.collect::<Vec<_>>())
    };
    let found = blocking(search).await?.map_err(Error::Render)?;
    let stop = Arc::new(Stop::default());
    ask_on_interrupt(Arc::clone(&stop));
    let total = found.originals.len();
    let bar = report.bar("render", total as u64);
    let tell = |file: &str| bar.advance(file);
    let sheet = work.run(found, &|| stop.is_asked(), &tell).await.map_err(Error::Render)?;
    drop(bar);
    finish(sheet, &work, total).map(Outcome::Rendered).map_err(Error::Render)
}

/// Writes the page, and says so if the run was cut short.
fn finish(sheet: Sheet, work: &Work, total: usize) -> Result<Sheet, Refusal> {
    let page = work.page();
    write_whole(&work.output, Path::new(PAGE), contact_sheet::html(&sheet).as_bytes())?;
    let done = sheet.images.len();
    if done < total { Err(Refusal::Interrupted { done, of: total, page }) } else { Ok(sheet) }
}
