import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals';
import { dynamoDbLocal } from '../../support/engines.ts';
import { describeInTestAll } from '../../support/requirements.ts';
import { startWorld, type Task, type World } from './world.ts';

const address = '/movies/1994/Speed';
const speed = { year: 1994, title: 'Speed', info: { rating: 7.3, running_time_secs: 6960 } };
const longer = { info: { running_time_secs: 7000 } };

const infoAt = async (task: Task) => (await task.send('GET', address)).json;

// A busy machine builds and starts four versions in its own time.
jest.setTimeout(240_000);

/** What docs/service.md warns of. Each scenario leaves out or exchanges one step; the right order is part of every run. */
describeInTestAll([dynamoDbLocal], 'a database change in the wrong order', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterEach(() => world.stopTasks());
  afterAll(() => world.stop());

  test('an index that is used before the migration hides the movies of old, without any error', async () => {
    const table = await world.newTable();
    const today = await world.start('today', table);
    await today.send('POST', '/movies', { body: speed });
    await world.addIndex(table);
    await world.indexIsActive(table);
    const next = await world.start('switch', table);

    const before = await next.send('GET', '/movies?decade=1990');
    await world.migrate('expand', table);
    const after = await next.send('GET', '/movies?decade=1990');

    expect(before).toMatchObject({ status: 200, json: { movies: [] } });
    expect(after).toMatchObject({ status: 200, json: { movies: [{ title: 'Speed' }] } });
  });

  test('an index that is used before the table has it fails, and only the requests that need it', async () => {
    const table = await world.newTable();
    const next = await world.start('switch', table);

    const [decade, year] = await Promise.all([
      next.send('GET', '/movies?decade=1990'),
      next.send('GET', '/movies?year=1994'),
    ]);

    expect([decade.status, year.status]).toEqual([503, 200]);
  });

  test('a field that is required before the migration is missing in answers, against the contract', async () => {
    const table = await world.newTable();
    const today = await world.start('today', table);
    await today.send('POST', '/movies', { body: speed });
    const [switched, contracted] = [await world.start('switch', table), await world.start('contract', table)];

    expect(await infoAt(contracted)).toEqual({ ...speed, info: { rating: 7.3 } });
    await world.migrate('expand', table);

    expect(await infoAt(switched)).toMatchObject({ info: { language: 'und', running_time_secs: 6960 } });
    expect(await infoAt(contracted)).toMatchObject({ info: { language: 'und', running_time_secs: 6960 } });
  });

  test('a new name that is read while the old version still writes takes back an edit', async () => {
    const table = await world.newTable();
    const [today, expand] = [await world.start('today', table), await world.start('expand', table)];
    const switched = await world.start('switch', table);
    await expand.send('POST', '/movies', { body: speed });

    await today.send('PATCH', address, { body: longer });

    expect(await infoAt(expand)).toMatchObject(longer);
    expect(await infoAt(switched)).toMatchObject({ info: { running_time_secs: 6960 } });
    await switched.send('PATCH', address, { body: { info: { rank: 1 } } });
    expect(await infoAt(expand)).toMatchObject({ info: { running_time_secs: 6960 } });
  });

  test('an old name that is left while the version before still reads it is gone for its callers', async () => {
    const table = await world.newTable();
    const [expand, contracted] = [await world.start('expand', table), await world.start('contract', table)];

    await contracted.send('POST', '/movies', { body: { ...speed, info: { ...speed.info, language: 'en' } } });

    expect(await infoAt(expand)).toMatchObject({ info: { language: 'en', rating: 7.3 } });
    expect(await infoAt(expand)).not.toHaveProperty('info.running_time_secs');
  });

  test('a migration by a release whose turn it is not yet leaves what it would lose, and names it', async () => {
    const table = await world.newTable();
    const today = await world.start('today', table);
    await today.send('POST', '/movies', { body: speed });

    const early = await world.migrate('switch', table);

    expect(early.exitCode).toBe(1);
    expect(early.output).toContain(
      'left as it is: 1994 "Speed": it holds info.running_time_secs, which this version does not write',
    );
    expect(await infoAt(today)).toEqual(speed);
  });

  test('a migration while the old version still writes is not complete, and says so when it is asked', async () => {
    const table = await world.newTable();
    const today = await world.start('today', table);
    await today.send('POST', '/movies', { body: speed });
    const first = await world.migrate('expand', table);
    await today.send('PATCH', address, { body: longer });

    const check = await world.migrate('expand', table, '--dry-run');

    expect([first.exitCode, check.exitCode]).toEqual([0, 1]);
    expect(check.output).toMatch(/^1 read, 1 to rewrite \(dry run, nothing written\)/);
  });
});
