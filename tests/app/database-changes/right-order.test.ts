import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { createTableWriter } from '../../../app/src/commands/database.ts';
import { createMovieCheck, loadMovies, recordsOf } from '../../../app/src/commands/load/load-movies.ts';
import type { Movie } from '../../../app/src/movies/movie.ts';
import { dynamoDbLocal } from '../../support/engines.ts';
import { eventually } from '../../support/eventually.ts';
import { describeWith } from '../../support/requirements.ts';
import { seeded, startTraffic, type Traffic } from './traffic.ts';
import type { Version } from './version.ts';
import { startWorld, type Task, type World } from './world.ts';

// A busy machine builds and starts four versions in its own time.
jest.setTimeout(240_000);

/** The walk of docs/service.md: an index, a required field and a renamed attribute, in three releases. */
describeWith([dynamoDbLocal], 'a database change in the documented order, under load', () => {
  let world: World;
  let table: string;
  let traffic: Traffic;
  let serving: Task;

  beforeAll(async () => {
    world = await startWorld();
    table = await world.newTable();
    await loadMovies(recordsOf(seeded), createTableWriter({ client: world.client, tableName: table }), {
      check: createMovieCheck(),
    });
    serving = await world.start('today', table);
    traffic = startTraffic(serving);
  });

  afterAll(async () => {
    await traffic.stop();
    await world.stop();
  });

  /** So many requests that every kind of them met every task several times. */
  const someTraffic = async (): Promise<void> => {
    const enough = traffic.answered() + 64;
    await eventually(
      () => {
        expect(traffic.answered()).toBeGreaterThan(enough);
      },
      { deadlineMs: 60_000 },
    );
  };

  /** What one task writes or removes, each other task shows: so the release can go on, and it can go back. */
  const expectAgreement = async (...tasks: Task[]): Promise<void> => {
    const shared = { year: 2001, title: `Shared ${traffic.answered()}`, info: { language: 'en' } };
    const address = `/movies/${shared.year}/${encodeURIComponent(shared.title)}`;
    await tasks[0]?.send('POST', '/movies', { body: shared });
    for (const writer of tasks) {
      for (const duration of [6_000, 7_000, null]) {
        await writer.send('PATCH', address, { body: { info: { running_time_secs: duration } } });
        const shown = await Promise.all(tasks.map((reader) => reader.send('GET', address)));
        const durations = shown.map(({ json }) => (json as Movie).info.running_time_secs ?? null);
        expect(durations).toEqual(tasks.map(() => duration));
      }
    }
  };

  /** A rolling release: both versions serve for a while, then the old one is drained and ended. */
  const release = async (version: Version): Promise<void> => {
    const [before, next] = [serving, await world.start(version, table)];
    await traffic.serveBy(before, next);
    await someTraffic();
    await expectAgreement(before, next);
    await traffic.serveBy(next);
    await before.stop();
    serving = next;
  };

  test('before anything, the migration to today has nothing to do', async () => {
    const check = await world.migrate('today', table, '--dry-run');

    expect(check.output).toMatch(/^\d+ read, 0 to rewrite \(dry run, nothing written\), 0 left as they are/);
    expect(check.exitCode).toBe(0);
  });

  test('expand: the table gets its index, and a release that writes old and new side by side', async () => {
    await world.addIndex(table);
    await world.indexIsActive(table);

    await release('expand');

    expect((await world.migrate('expand', table, '--dry-run')).exitCode).toBe(1);
  });

  test('migrate: every movie gets what is new, while edits go on, and none of them is overwritten', async () => {
    const migration = await world.migrate('expand', table, '--rate', '200');
    const check = await world.migrate('expand', table, '--dry-run');

    expect(migration.output).toMatch(/0 left as they are/);
    expect([migration.exitCode, check.exitCode]).toEqual([0, 0]);
  });

  test('switch: a release that reads the new, and still writes the old', async () => {
    await release('switch');
    traffic.sendLanguage();
    await someTraffic();

    expect((await serving.send('GET', '/movies?decade=1990&limit=1')).status).toBe(200);
  });

  test('contract: a release without the old, and a migration that takes it away', async () => {
    await release('contract');

    const refused = await world.migrate('contract', table);
    const migration = await world.migrate('contract', table, '--drop', 'info.running_time_secs');
    const check = await world.migrate('contract', table, '--dry-run');

    expect(refused.output).toContain('it holds info.running_time_secs, which this version does not write');
    expect([refused.exitCode, migration.exitCode, check.exitCode]).toEqual([1, 0, 0]);
  });

  test('in all of it no request failed and no write was lost', async () => {
    await someTraffic();
    const { edits, durations } = await traffic.stop();
    const shown = new Map<string, Movie['info']>();
    for (let page: string | undefined = '/movies?limit=100'; page !== undefined;) {
      const { json } = await serving.send('GET', page);
      const { movies, next } = json as { movies: Movie[]; next?: string };
      for (const { title, info } of movies) shown.set(title, info);
      page = next;
    }

    expect(traffic.failures).toEqual([]);
    expect(edits.size).toBe(seeded.length);
    for (const [title, names] of edits) {
      expect(shown.get(title)).toMatchObject(Object.fromEntries(names.map((name) => [name, true])));
    }
    for (const [title, duration] of durations) {
      expect([title, shown.get(title)?.running_time_secs]).toEqual([title, duration]);
    }
  });

  test('at the end the table holds the new form only, and the index every movie of its decade', async () => {
    const items = await world.items(table);
    const names = new Set(items.flatMap(({ info }) => Object.keys(info?.M ?? {})));
    const nineties = items.filter(({ decade, rating }) => decade?.N === '1990' && rating !== undefined);
    const listed = await serving.send('GET', '/movies?decade=1990&limit=100');

    expect(names).not.toContain('running_time_secs');
    expect(items.every(({ decade, info }) => decade !== undefined && info?.M?.['language'])).toBe(true);
    expect((listed.json as { movies: Movie[] }).movies).toHaveLength(Math.min(100, nineties.length));
    expect(nineties.length).toBeGreaterThan(25);
  });
});
