import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { benchMovie } from './movies.ts';

/** Prints so many movies, all different, one JSON line each: `node feed.js 1000000`. */
const count = Number(process.argv[2]);
const linesAtOnce = 100;

function* lines(): Generator<string> {
  for (let index = 0; index < count; index += linesAtOnce) {
    const end = Math.min(count, index + linesAtOnce);
    let text = '';
    for (let n = index; n < end; n += 1) text += `${JSON.stringify(benchMovie(n))}\n`;
    yield text;
  }
}

await pipeline(Readable.from(lines()), process.stdout);
