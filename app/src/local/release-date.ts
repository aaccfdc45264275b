const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/**
 * The data set was compiled in 2010 and announces films up to the end of 2011. A later year is a two-digit year that
 * was put into the wrong century (2046 for 1946), so a hundred years are taken off.
 */
const lastPlausibleYear = 2011;

export interface ReleaseDate {
  readonly year: number;
  /** Midnight UTC, as the exercise's `release_date` has it: `1998-06-12T00:00:00Z`. */
  readonly iso: string;
  readonly isRepaired: boolean;
}

/** Reads `Jun 12 1998`. Undefined when the text is no such date, or no day of the calendar. */
export function readReleaseDate(text: string | null): ReleaseDate | undefined {
  const [, monthName = '', day = '', yearText = ''] = /^(\w{3}) (\d{2}) (\d{4})$/.exec(text ?? '') ?? [];
  const given = Number(yearText);
  const isRepaired = given > lastPlausibleYear;
  const year = isRepaired ? given - 100 : given;
  const month = String(months.indexOf(monthName) + 1).padStart(2, '0');
  const iso = `${year}-${month}-${day}T00:00:00Z`;
  const date = new Date(iso);
  if (Number.isNaN(date.valueOf()) || date.getUTCDate() !== Number(day)) return undefined;
  return { year, iso, isRepaired };
}
