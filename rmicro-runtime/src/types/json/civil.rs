//! Days as dates of the Gregorian calendar, before its time as well (ISO 8601).

/// A cycle of the calendar: 400 years.
const CYCLE: i64 = 146_097;
/// The days from 0000-03-01 to 1970-01-01.
const EPOCH: i64 = 719_468;

/// Year, month and day of the day that is so many after 1970-01-01.
pub(super) fn date(days: i64) -> (i64, i64, i64) {
    let days = days + EPOCH;
    let cycle = days.div_euclid(CYCLE);
    let day = days.rem_euclid(CYCLE);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    // Years that begin in March have their leap day at the end, so months follow from days by one formula.
    let month = (5 * day + 2) / 153;
    let day_of_month = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    (cycle * 400 + year + next, month, day_of_month)
}

/// The days from 1970-01-01 to a date; `None` when there is no such date.
pub(super) fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let (shifted, before) = if month > 2 {
        (month - 3, 0)
    } else {
        (month + 9, 1)
    };
    let from_march = year - before;
    let in_cycle = from_march.rem_euclid(400);
    let day_of_year = (153 * shifted + 2) / 5 + day - 1;
    let in_days = in_cycle * 365 + in_cycle / 4 - in_cycle / 100 + day_of_year;
    let days = from_march.div_euclid(400) * CYCLE + in_days - EPOCH;
    (date(days) == (year, month, day)).then_some(days)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_dates_are_one_to_one() {
        for day in -719_162..2_932_897 {
            let (year, month, of_month) = date(day);
            assert_eq!(days(year, month, of_month), Some(day));
        }
        assert_eq!(date(0), (1970, 1, 1));
        assert_eq!(date(-719_162), (1, 1, 1));
        assert_eq!(date(2_932_896), (9999, 12, 31));
        assert_eq!(date(11_016), (2000, 2, 29));
    }

    #[test]
    fn there_is_no_such_day() {
        for (year, month, day) in [
            (2023, 2, 29),
            (1900, 2, 29),
            (2023, 4, 31),
            (2023, 13, 1),
            (2023, 0, 1),
            (2023, 1, 0),
        ] {
            assert_eq!(days(year, month, day), None, "{year}-{month}-{day}");
        }
    }
}
