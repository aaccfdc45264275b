import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Movie, MovieInfo } from '../movies/movie.ts';

/** One record of vega-datasets' `movies.json`, as its `datapackage.json` describes it: anything may be null. */
export interface VegaRecord {
  readonly Title: string | number | null;
  readonly 'Release Date': string | null;
  readonly 'Running Time min': number | null;
  readonly 'MPAA Rating': string | null;
  readonly 'Major Genre': string | null;
  readonly 'Creative Type': string | null;
  readonly Source: string | null;
  readonly Director: string | null;
  readonly Distributor: string | null;
  readonly 'IMDB Rating': number | null;
  readonly 'IMDB Votes': number | null;
  readonly 'Rotten Tomatoes Rating': number | null;
  readonly 'Production Budget': number | null;
  readonly 'US Gross': number | null;
  readonly 'Worldwide Gross': number | null;
  readonly 'US DVD Sales': number | null;
}

/** What happened to a record. `position` counts from 1. */
export interface Finding {
  readonly position: number;
  readonly what: string;
  readonly record: VegaRecord;
  /** What a repair changed. */
  readonly from?: string;
  readonly to?: string;
}

export interface VegaImport {
  readonly movies: readonly Movie[];
  /** Records that are no movie of ours, with the reason. */
  readonly dropped: readonly Finding[];
  readonly repaired: readonly Finding[];
}

const require = createRequire(import.meta.url);
const packageFile = (path: string) => new URL(`../${path}`, `file://${require.resolve('vega-datasets')}`);

/** What the movies come from: `vega-datasets 3.2.1`. */
export function vegaSource(): string {
  const { name, version } = JSON.parse(readFileSync(packageFile('package.json'), 'utf8')) as Record<
    string,
    string
  >;
  return `${name ?? ''} ${version ?? ''}`;
}

/** The 3,201 movies of the npm package `vega-datasets` (BSD-3-Clause), in the shape of the exercise. */
export async function readVegaMovies(): Promise<VegaImport> {
  return mapVegaMovies(JSON.parse(await readFile(packageFile('data/movies.json'), 'utf8')) as VegaRecord[]);
}

/**
 * Maps each record, repairs what can be justified and says so. Dropped are records without a title or a release date,
 * the two halves of the key, and records whose year and title came before.
 */
export function mapVegaMovies(records: readonly VegaRecord[]): VegaImport {
  const movies = new Map<string, Movie>();
  const dropped: Finding[] = [];
  const repaired: Finding[] = [];

  for (const [index, record] of records.entries()) {
    const position = index + 1;
    const drop = (what: string) => dropped.push({ position, what, record });
    const repair = (what: string, from: string, to: string) =>
      repaired.push({ position, what, record, from, to });

    const given = record.Title;
    if (given === null) {
      drop('the title is missing');
      continue;
    }
    const release = readReleaseDate(record['Release Date']);
    if (release === undefined) {
      drop('the release date is missing or unreadable');
      continue;
    }

    const title = repairText(String(given));
    const key = JSON.stringify([release.year, title]);
    if (movies.has(key)) {
      drop('the same year and title came before');
      continue;
    }
    if (typeof given === 'number') repair('the title was a number', String(given), `"${title}"`);
    else if (title !== given) repair('the title was misdecoded', given, title);
    if (release.isRepaired)
      repair('the year was a century ahead', `${release.year + 100}`, `${release.year}`);
    movies.set(key, { year: release.year, title, info: toInfo(record, release.iso) });
  }
  return { movies: [...movies.values()], dropped, repaired };
}

/** The exercise's names where it has one; money in US dollars; what is unknown is absent rather than null. */
function toInfo(record: VegaRecord, releaseDate: string): MovieInfo {
  const minutes = record['Running Time min'];
  const attributes = {
    release_date: releaseDate,
    directors: record.Director === null ? null : [record.Director],
    genres: record['Major Genre']?.split('/') ?? null,
    rating: record['IMDB Rating'],
    running_time_secs: minutes === null ? null : minutes * 60,
    mpaa_rating: record['MPAA Rating'],
    creative_type: record['Creative Type'],
    source: record.Source,
    distributor: record.Distributor,
    imdb_votes: record['IMDB Votes'],
    rotten_tomatoes_percent: record['Rotten Tomatoes Rating'],
    production_budget_usd: record['Production Budget'],
    us_gross_usd: record['US Gross'],
    worldwide_gross_usd: record['Worldwide Gross'],
    us_dvd_sales_usd: record['US DVD Sales'],
  };
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== null));
}

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

const upperHalf = Uint8Array.from({ length: 128 }, (_, index) => index + 128);
const macCharacters = Array.from(new TextDecoder('macintosh').decode(upperHalf));

// Spelled out, because not every Node.js decodes windows-1252 as more than Latin-1 (nodejs/node#56542).
const windowsOnly = Array.from('€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ');
const windowsCharacters = Array.from(
  upperHalf,
  (byte) => windowsOnly[byte - 128] ?? String.fromCharCode(byte),
);

const meant = new Map(
  macCharacters.map((character, index) => [character, windowsCharacters[index] ?? character]),
);

const isAscii = (character: string) => character <= '\u007f';

/**
 * Undoes one known accident: text written as Windows-1252 and read as Mac Roman (`AmÈlie` for `Amélie`). A text with a
 * character that Mac Roman doesn't have can't have had it and stays as it is.
 */
export function repairText(text: string): string {
  const characters = Array.from(text);
  if (!characters.every((character) => isAscii(character) || meant.has(character))) return text;
  return characters
    .map((character) => (isAscii(character) ? character : (meant.get(character) ?? character)))
    .join('');
}
