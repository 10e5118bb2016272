//! From a text to a date and time, and from there to numbers.

use std::f64::consts::TAU;

use jiff::civil::{Date, Time};
use jiff::fmt::strtime::{self, BrokenDownTime};
use jiff::fmt::temporal::Pieces;
use jiff::tz::{Offset, TimeZone};

use super::{DateFormat, DatePart};

/// Whether texts in a format have a date: a moment is written in it and read back.
pub(super) fn dated(format: &str) -> std::result::Result<bool, String> {
    let moment = Date::constant(2001, 2, 3).at(16, 5, 6, 0);
    let moment = moment.to_zoned(TimeZone::UTC).map_err(|e| e.to_string())?;
    let text = strtime::format(format, &moment).map_err(|e| e.to_string())?;
    let fields = strtime::parse(format, &text).map_err(|e| e.to_string())?;
    match (date_of(&fields), time_of(&fields)) {
        (Some(_), _) => Ok(true),
        (None, Some(_)) => Ok(false),
        (None, None) => Err("neither a year nor an hour".into()),
    }
}

/// The date of fields that have at least a year.
fn date_of(fields: &BrokenDownTime) -> Option<Date> {
    if let Ok(date) = fields.to_date() {
        return Some(date);
    }
    if fields.day().is_some() && fields.month().is_some() {
        // Such as 30 February.
        return None;
    }
    Date::new(
        fields.year()?,
        fields.month().unwrap_or(1),
        fields.day().unwrap_or(1),
    )
    .ok()
}

/// The time of fields that have at least an hour.
fn time_of(fields: &BrokenDownTime) -> Option<Time> {
    fields.hour()?;
    fields.to_time().ok()
}

/// What a text says.
#[derive(Clone, Copy)]
pub(super) struct Moment {
    date: Option<Date>,
    time: Time,
    offset: Option<Offset>,
}

impl Moment {
    /// Reads a text; the reason if it is no date in the format.
    pub(super) fn read(
        text: &str,
        format: &DateFormat,
        dated: bool,
    ) -> std::result::Result<Self, String> {
        let text = text.trim();
        match format {
            DateFormat::Iso8601 => {
                let pieces = Pieces::parse(text).map_err(|e| e.to_string())?;
                Ok(Moment {
                    date: Some(pieces.date()),
                    time: pieces.time().unwrap_or(Time::midnight()),
                    offset: pieces.to_numeric_offset(),
                })
            }
            DateFormat::Given(format) => {
                let fields = strtime::parse(format, text).map_err(|e| e.to_string())?;
                let date = date_of(&fields);
                if date.is_none() && dated {
                    return Err("there is no such day".into());
                }
                Ok(Moment {
                    date,
                    time: time_of(&fields).unwrap_or(Time::midnight()),
                    offset: fields.offset(),
                })
            }
        }
    }

    /// Seconds since 1970, whole and the rest in nanoseconds.
    fn elapsed(&self, date: Date) -> (i64, i32) {
        const EPOCH: Date = Date::constant(1970, 1, 1);
        let days = date.duration_since(EPOCH).as_secs() / 86_400;
        let time = self.time;
        let of_day = i64::from(time.hour()) * 3600
            + i64::from(time.minute()) * 60
            + i64::from(time.second());
        let offset = self.offset.map_or(0, |o| i64::from(o.seconds()));
        (days * 86_400 + of_day - offset, time.subsec_nanosecond())
    }

    pub(super) fn part(&self, part: DatePart) -> f64 {
        let time = self.time;
        let (hour, minute, second) = (time.hour(), time.minute(), time.second());
        let on_circle = |v: i16, period: i16| f64::from(v) / f64::from(period) * TAU;
        let cycle = |v: i8, period: i16| on_circle(i16::from(v), period);
        match part {
            DatePart::Hour => return hour.into(),
            DatePart::Minute => return minute.into(),
            DatePart::Second => return second.into(),
            DatePart::HourSin => return cycle(hour, 24).sin(),
            DatePart::HourCos => return cycle(hour, 24).cos(),
            DatePart::MinuteSin => return cycle(minute, 60).sin(),
            DatePart::MinuteCos => return cycle(minute, 60).cos(),
            DatePart::SecondSin => return cycle(second, 60).sin(),
            DatePart::SecondCos => return cycle(second, 60).cos(),
            _ => {}
        }
        // Formats without a date are refused for all other parts.
        let Some(date) = self.date else {
            return f64::NAN;
        };
        let weekday = date.weekday().to_monday_zero_offset();
        let of_year = || on_circle(date.day_of_year() - 1, date.days_in_year());
        match part {
            DatePart::Year => date.year().into(),
            DatePart::Quarter => f64::from((date.month() + 2) / 3),
            DatePart::Month => date.month().into(),
            DatePart::Day => date.day().into(),
            DatePart::Weekday => weekday.into(),
            DatePart::DayOfYear => date.day_of_year().into(),
            DatePart::Week => date.iso_week_date().week().into(),
            DatePart::ElapsedDays => {
                let (seconds, nanoseconds) = self.elapsed(date);
                let days = seconds.div_euclid(86_400) as f64;
                let rest = seconds.rem_euclid(86_400) as f64 + f64::from(nanoseconds) * 1e-9;
                days + rest / 86_400.0
            }
            DatePart::ElapsedSeconds => {
                let (seconds, nanoseconds) = self.elapsed(date);
                seconds as f64 + f64::from(nanoseconds) * 1e-9
            }
            DatePart::MonthSin => cycle(date.month() - 1, 12).sin(),
            DatePart::MonthCos => cycle(date.month() - 1, 12).cos(),
            DatePart::WeekdaySin => cycle(weekday, 7).sin(),
            DatePart::WeekdayCos => cycle(weekday, 7).cos(),
            DatePart::DayOfYearSin => of_year().sin(),
            DatePart::DayOfYearCos => of_year().cos(),
            _ => f64::NAN,
        }
    }
}
