//! Which numbers a date gives.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A number that a date gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DatePart {
    /// The year.
    Year,
    /// The quarter, 1 to 4.
    Quarter,
    /// The month, 1 to 12.
    Month,
    /// The day of the month, 1 to 31.
    Day,
    /// The day of the week, 0 for Monday to 6 for Sunday.
    Weekday,
    /// The day of the year, 1 to 366.
    DayOfYear,
    /// The week of ISO 8601, 1 to 53; its first days may belong to the year before, or its last to the next.
    Week,
    /// The hour, 0 to 23.
    Hour,
    /// The minute, 0 to 59.
    Minute,
    /// The second, 0 to 59, without its fraction.
    Second,
    /// Days since 1970-01-01T00:00 with their fraction; in UTC where the text has an offset.
    ElapsedDays,
    /// Seconds since 1970-01-01T00:00 with their fraction; in UTC where the text has an offset.
    ElapsedSeconds,
    /// Sine of the month on its circle of 12.
    MonthSin,
    /// Cosine of the month on its circle of 12.
    MonthCos,
    /// Sine of the day of the week on its circle of 7.
    WeekdaySin,
    /// Cosine of the day of the week on its circle of 7.
    WeekdayCos,
    /// Sine of the day of the year on its circle of 365 or 366.
    DayOfYearSin,
    /// Cosine of the day of the year on its circle of 365 or 366.
    DayOfYearCos,
    /// Sine of the hour on its circle of 24.
    HourSin,
    /// Cosine of the hour on its circle of 24.
    HourCos,
    /// Sine of the minute on its circle of 60.
    MinuteSin,
    /// Cosine of the minute on its circle of 60.
    MinuteCos,
    /// Sine of the second on its circle of 60.
    SecondSin,
    /// Cosine of the second on its circle of 60.
    SecondCos,
}

impl DatePart {
    /// Every part there is.
    pub const ALL: [DatePart; 24] = [
        DatePart::Year,
        DatePart::Quarter,
        DatePart::Month,
        DatePart::Day,
        DatePart::Weekday,
        DatePart::DayOfYear,
        DatePart::Week,
        DatePart::Hour,
        DatePart::Minute,
        DatePart::Second,
        DatePart::ElapsedDays,
        DatePart::ElapsedSeconds,
        DatePart::MonthSin,
        DatePart::MonthCos,
        DatePart::WeekdaySin,
        DatePart::WeekdayCos,
        DatePart::DayOfYearSin,
        DatePart::DayOfYearCos,
        DatePart::HourSin,
        DatePart::HourCos,
        DatePart::MinuteSin,
        DatePart::MinuteCos,
        DatePart::SecondSin,
        DatePart::SecondCos,
    ];

    /// The part is of the time of day, so that a text without a date may give it.
    pub(super) fn of_time(self) -> bool {
        use DatePart::*;
        matches!(
            self,
            Hour | Minute
                | Second
                | HourSin
                | HourCos
                | MinuteSin
                | MinuteCos
                | SecondSin
                | SecondCos
        )
    }

    /// The name in the output, as in `date_year`.
    pub(super) fn name(self) -> &'static str {
        match self {
            DatePart::Year => "year",
            DatePart::Quarter => "quarter",
            DatePart::Month => "month",
            DatePart::Day => "day",
            DatePart::Weekday => "weekday",
            DatePart::DayOfYear => "day_of_year",
            DatePart::Week => "week",
            DatePart::Hour => "hour",
            DatePart::Minute => "minute",
            DatePart::Second => "second",
            DatePart::ElapsedDays => "elapsed_days",
            DatePart::ElapsedSeconds => "elapsed_seconds",
            DatePart::MonthSin => "month_sin",
            DatePart::MonthCos => "month_cos",
            DatePart::WeekdaySin => "weekday_sin",
            DatePart::WeekdayCos => "weekday_cos",
            DatePart::DayOfYearSin => "day_of_year_sin",
            DatePart::DayOfYearCos => "day_of_year_cos",
            DatePart::HourSin => "hour_sin",
            DatePart::HourCos => "hour_cos",
            DatePart::MinuteSin => "minute_sin",
            DatePart::MinuteCos => "minute_cos",
            DatePart::SecondSin => "second_sin",
            DatePart::SecondCos => "second_cos",
        }
    }
}

impl fmt::Display for DatePart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
