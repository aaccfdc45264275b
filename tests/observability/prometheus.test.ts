import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { startRun, type LocalRun } from '../app/local/local-run.ts';
import { eventually } from '../support/eventually.ts';
import { rulesFile } from '../support/promtool.ts';
import { describeWith, program } from '../support/requirements.ts';

const prometheusProgram = program('prometheus', 'install the Debian package prometheus, or run `make tools`');
const pgrep = program('pgrep', 'install the Debian package procps');

describeWith([prometheusProgram, pgrep], '`make run ARGS=--prometheus`', () => {
  let folder: string;
  let running: LocalRun;
  let url: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'make-run-prometheus-'));
    running = startRun(folder, '--prometheus', '--prometheus-port', '0');
    await running.shows(/Ctrl-C stops everything/);
    url = /Prometheus +(http:\S+)\/alerts/.exec(running.output())?.[1] ?? 'no address is shown';
  });
  afterAll(async () => {
    running.kill('SIGTERM');
    await running.ended;
    await rm(folder, { recursive: true });
  });

  const ask = async (path: string): Promise<unknown> => (await fetch(`${url}/api/v1/${path}`)).json();
  /** How many processes have the run's folder among their arguments. */
  const processes = () =>
    spawnSync('pgrep', ['--full', folder], { encoding: 'utf8' }).stdout.split('\n').filter(Boolean).length;

  test('scrapes the service', async () => {
    await eventually(async () => {
      expect(await ask('targets')).toMatchObject({
        data: { activeTargets: [{ health: 'up', labels: { job: 'movies-api' } }] },
      });
    });
  });

  test('has loaded every rule of production', async () => {
    type Groups = readonly { readonly name: string; readonly rules: readonly object[] }[];
    const { groups } = parse(await readFile(rulesFile, 'utf8')) as { groups: Groups };

    const { data } = (await ask('rules')) as { data: { groups: Groups } };

    const counted = (of: Groups) => Object.fromEntries(of.map(({ name, rules }) => [name, rules.length]));
    expect(counted(data.groups)).toEqual(counted(groups));
  });

  test('Ctrl-C ends it with success and leaves nothing running', async () => {
    expect(processes()).toBe(2);

    running.kill('SIGINT');

    expect(await running.ended).toBe(0);
    expect(processes()).toBe(0);
    await expect(fetch(url)).rejects.toThrow();
  });
});
