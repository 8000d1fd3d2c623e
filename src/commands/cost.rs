//! `imgprep cost`

use crate::args::{Cost as Args, Global};
use crate::config::Config;
use crate::cost;
use crate::error::Error;
use crate::pricing::Load;
use crate::report::Outcome;

pub(crate) fn run(args: &Args, global: &Global) -> Result<Outcome, Error> {
    let config = Config::load(&global.config, &|name| std::env::var(name).ok());
    let mut config = config.map_err(Error::Config)?;
    if let Some(region) = global.region.clone().or_else(|| config.region.clone()) {
        (config, _) = config.in_region(&region).map_err(Error::Config)?;
    }
    let load = Load {
        images: args.images,
        megapixels: args.megapixels,
        views: args.views,
        original_bytes: args.original_bytes,
        months: args.months,
    };
    Ok(Outcome::Cost(Box::new(cost::estimate(&config, &load))))
}
