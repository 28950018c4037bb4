//! How values are written: durations, shares, sizes, lists, names out of a set.
//!
//! A [`Form`] says how the text of a value becomes a typed value, and what to tell if it does not.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use secrecy::SecretString;
use tracing_subscriber::EnvFilter;

use crate::clock::{Clock as _, SystemClock};
use crate::daemon::scheduler::{CRON_FORM, check_cron, next_ticks};

const KIB: u64 = 1 << 10;
const SECOND: u64 = 1;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// How much of a value may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Show {
    /// All of it.
    Plain,
    /// Where a URL leads, not who one is there. What is no URL is shown if it holds no `@`.
    UrlTarget,
    /// Where a URL leads, not who one is there. What is no URL is not shown.
    SecretUrl,
    /// Nothing.
    Nothing,
}

/// Makes a typed value of text, if the text fits.
pub(crate) type Parse<T> = Box<dyn Fn(&str) -> Option<T>>;

/// How a value is written and read.
pub(crate) struct Form<T> {
    /// What is expected, to follow "expected".
    pub(crate) expected: String,
    /// A value that would do.
    pub(crate) example: &'static str,
    /// What the example comes to, if that needs saying, to follow it.
    pub(crate) meaning: String,
    /// How much of it may be shown.
    pub(crate) show: Show,
    /// Whether only text will do: `id = 007` is a mistake, `page_size = 7` is none.
    pub(crate) is_text: bool,
    /// Whether a TOML array will do.
    pub(crate) is_list: bool,
    /// Makes the typed value.
    pub(crate) parse: Parse<T>,
}

impl<T> Form<T> {
    pub(crate) fn new(
        expected: impl Into<String>,
        example: &'static str,
        parse: impl Fn(&str) -> Option<T> + 'static,
    ) -> Self {
        Self {
            expected: expected.into(),
            example,
            meaning: String::new(),
            show: Show::Plain,
            is_text: false,
            is_list: false,
            parse: Box::new(parse),
        }
    }

    /// The form of a value that must be text.
    pub(crate) fn text_only(mut self) -> Self {
        self.is_text = true;
        self
    }

    /// The form of text of which only so much may be shown.
    pub(crate) fn showing(mut self, show: Show) -> Self {
        self.show = show;
        self.text_only()
    }
}

/// Any text.
pub(crate) fn text(example: &'static str) -> Form<String> {
    Form::new("text", example, |text| Some(text.to_owned())).text_only()
}

/// A path.
pub(crate) fn path(example: &'static str) -> Form<PathBuf> {
    Form::new("a path", example, |text| Some(PathBuf::from(text))).text_only()
}

/// Any text that must not be shown.
pub(crate) fn secret() -> Form<SecretString> {
    Form::new("text", "…", |text| Some(SecretString::from(text))).showing(Show::Nothing)
}

/// `true` or `false`.
pub(crate) fn truth() -> Form<bool> {
    Form::new("`true` or `false`", "true", |text| text.parse().ok())
}

/// One of these words.
pub(crate) fn one_of<T: Copy + 'static>(words: &'static [(&'static str, T)]) -> Form<T> {
    let names: Vec<_> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
    let example = words.first().map_or("", |(word, _)| word);
    Form::new(format!("one of {}", names.join(", ")), example, |text| {
        words
            .iter()
            .find(|(word, _)| *word == text)
            .map(|(_, value)| *value)
    })
}

/// A number within bounds.
pub(crate) fn number<T>(range: RangeInclusive<T>, example: &'static str) -> Form<T>
where
    T: FromStr + PartialOrd + std::fmt::Display + 'static,
{
    let kind = if "0.5".parse::<T>().is_ok() {
        "a number"
    } else {
        "a whole number"
    };
    let expected = format!("{kind} from {} to {}", range.start(), range.end());
    Form::new(expected, example, move |text| {
        text.parse().ok().filter(|number| range.contains(number))
    })
}

/// A duration such as `90s`, within bounds that are written the same way.
pub(crate) fn duration(from: &'static str, to: &'static str) -> Form<Duration> {
    let bounds = parse_duration(from).zip(parse_duration(to));
    let expected =
        format!("a whole number and its unit (`s`, `m`, `h` or `d`) from {from} to {to}");
    Form::new(expected, "90s", move |text| {
        let (from, to) = bounds?;
        parse_duration(text).filter(|duration| (from..=to).contains(duration))
    })
}

/// A share such as `20%`, as a fraction of one.
pub(crate) fn share() -> Form<f64> {
    Form::new("a share from 0% to 100%", "20%", |text| {
        let percent: f64 = text.strip_suffix('%')?.trim_end().parse().ok()?;
        (0.0..=100.0).contains(&percent).then_some(percent / 100.0)
    })
}

/// A size in bytes such as `64MiB` or `1048576`, within bounds.
pub(crate) fn size(from: &'static str, to: &'static str) -> Form<u64> {
    let bounds = parse_size(from).zip(parse_size(to));
    let expected = format!(
        "a whole number of bytes, or one with the unit `KiB`, `MiB` or `GiB`, from {from} to {to}"
    );
    Form::new(expected, "64MiB", move |text| {
        let (from, to) = bounds?;
        parse_size(text).filter(|size| (from..=to).contains(size))
    })
}

/// Words with commas between them.
pub(crate) fn list(example: &'static str) -> Form<Vec<String>> {
    let mut form =
        Form::new("a list with commas", example, |text| Some(parse_list(text))).text_only();
    form.is_list = true;
    form
}

/// The IANA name of a time zone.
pub(crate) fn time_zone() -> Form<chrono_tz::Tz> {
    Form::new("the IANA name of a time zone", "Europe/Istanbul", |text| {
        text.parse().ok()
    })
}

/// A cron expression, or `off`.
pub(crate) fn schedule() -> Form<Option<String>> {
    let example = "0 30 2 * * *";
    let mut form = Form::new(
        format!("{CRON_FORM}, or `off`"),
        example,
        |text| match text {
            "off" => Some(None),
            cron => check_cron(cron).ok().map(|()| Some(cron.to_owned())),
        },
    );
    let next = next_ticks(example, SystemClock.now(), 3);
    let next: Vec<String> = (next.iter())
        .map(|at| at.format("%Y-%m-%d %H:%M:%S").to_string())
        .collect();
    form.meaning = format!(", which comes about next at {} UTC", next.join(", "));
    form
}

/// An address with a port, or `off`.
pub(crate) fn address() -> Form<Option<SocketAddr>> {
    let expected = "an IP address and a port, or `off`";
    Form::new(expected, "0.0.0.0:8080", |text| match text {
        "off" => Some(None),
        address => address.parse().ok().map(Some),
    })
}

/// A tracing filter.
pub(crate) fn log_filter() -> Form<String> {
    let expected = "a log filter: a level, or a comma-separated list of levels and module=level";
    Form::new(expected, "info,keepnet_etl=debug", |text| {
        let is_level = |word: &str| word.parse::<tracing::metadata::LevelFilter>().is_ok();
        // A bare word that is no level would be taken as a module name: `inof` silences the log.
        let is_clear = text.contains('[')
            || text
                .split(',')
                .map(str::trim)
                .all(|part| part.contains('=') || is_level(part));
        (is_clear && EnvFilter::try_new(text).is_ok()).then(|| text.to_owned())
    })
    .text_only()
}

fn parse_duration(text: &str) -> Option<Duration> {
    let (number, unit) = number_and_unit(text)?;
    let seconds = match unit {
        "s" => SECOND,
        "m" => MINUTE,
        "h" => HOUR,
        "d" => DAY,
        _ => return None,
    };
    number.checked_mul(seconds).map(Duration::from_secs)
}

fn parse_size(text: &str) -> Option<u64> {
    let (number, unit) = number_and_unit(text)?;
    let bytes = match unit {
        "" => 1,
        "KiB" => KIB,
        "MiB" => KIB * KIB,
        "GiB" => KIB * KIB * KIB,
        _ => return None,
    };
    number.checked_mul(bytes)
}

fn number_and_unit(text: &str) -> Option<(u64, &str)> {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(end)?;
    Some((number.parse().ok()?, unit.trim_start()))
}

fn parse_list(text: &str) -> Vec<String> {
    text.split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T>(form: &Form<T>, text: &str) -> Option<T> {
        (form.parse)(text)
    }

    #[test]
    fn durations_have_a_unit_and_bounds() {
        let form = duration("1s", "400d");
        for (text, seconds) in [
            ("90s", 90),
            ("15m", 900),
            ("24h", 86_400),
            ("30 d", 2_592_000),
        ] {
            assert_eq!(
                read(&form, text),
                Some(Duration::from_secs(seconds)),
                "{text}"
            );
        }
        for bad in [
            "90",
            "",
            "s",
            "1.5h",
            "-1s",
            "0s",
            "401d",
            "1w",
            "1h30m",
            "213503982334602d",
        ] {
            assert_eq!(read(&form, bad), None, "{bad}");
        }
    }

    #[test]
    fn sizes_are_bytes_or_binary_units() {
        let form = size("1KiB", "4GiB");
        for (text, bytes) in [
            ("64MiB", 64 << 20),
            ("1024", 1024),
            ("4 GiB", 4 << 30),
            ("2KiB", 2048),
        ] {
            assert_eq!(read(&form, text), Some(bytes), "{text}");
        }
        for bad in [
            "64MB",
            "1023",
            "5GiB",
            "",
            "MiB",
            "-1",
            "18446744073709551615GiB",
        ] {
            assert_eq!(read(&form, bad), None, "{bad}");
        }
    }

    #[test]
    fn shares_are_per_cent() {
        assert_eq!(read(&share(), "20%"), Some(0.2));
        assert_eq!(read(&share(), "0.5 %"), Some(0.005));
        for bad in ["20", "0.2", "101%", "-1%", "%", "NaN%", "inf%"] {
            assert_eq!(read(&share(), bad), None, "{bad}");
        }
    }

    #[test]
    fn numbers_stay_within_their_bounds() {
        let rate = number(0.0..=10_000.0, "5");
        assert_eq!(read(&rate, "0.5"), Some(0.5));
        assert_eq!(rate.expected, "a number from 0 to 10000");
        for bad in ["NaN", "inf", "-1", "10001", "five"] {
            assert_eq!(read(&rate, bad), None, "{bad}");
        }
        let whole = number(1_u32..=10_000, "100");
        assert_eq!(whole.expected, "a whole number from 1 to 10000");
        assert_eq!(read(&whole, "1.5"), None);
    }

    #[test]
    fn a_list_ignores_blanks_and_empty_words() {
        assert_eq!(
            read(&list("a,b"), " a, ,b ,"),
            Some(vec!["a".to_owned(), "b".to_owned()])
        );
    }

    #[test]
    fn a_log_filter_is_not_a_misspelt_level() {
        let good = "info|off|INFO|keepnet_etl=debug|warn,keepnet_etl::api=trace|[sync]=debug";
        for good in good.split('|') {
            assert!(read(&log_filter(), good).is_some(), "{good}");
        }
        for bad in ["inof", "info,keepnet_etl", "keepnet_etl=loud", "=,="] {
            assert!(read(&log_filter(), bad).is_none(), "{bad}");
        }
    }
}
