import { spawnSync } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { closeServer, listenOnLoopback } from '../../app/src/local/listen.ts';
import { startPrometheus } from '../../app/src/local/prometheus.ts';
import { startRun, type LocalRun } from '../app/local/local-run.ts';
import { type Api, startApi } from '../support/api.ts';
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

describeWith([prometheusProgram], 'Prometheus beside the service', () => {
  let api: Api;
  let folder: string;
  let probe: Server;
  let url: string;
  let prometheus: { stop: () => Promise<void> };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'prometheus-'));
    api = await startApi();
    probe = createServer();
    const { port, url: address } = await listenOnLoopback(probe, 0);
    await closeServer(probe);
    url = address;
    prometheus = await startPrometheus({
      port,
      targets: [`127.0.0.1:${api.service.metricsPort}`],
      dataDir: folder,
    });
  });

  afterAll(async () => {
    await prometheus.stop();
    await api.stop();
    await rm(folder, { recursive: true });
  });

  const ask = async (path: string): Promise<unknown> => (await fetch(`${url}/api/v1/${path}`)).json();

  test('scrapes the service and knows its requests by route', async () => {
    await api.reader('GET', '/movies/2013/Rush');

    await eventually(async () => {
      expect(await ask('query?query=http_request_duration_seconds_count')).toMatchObject({
        data: {
          result: [{ metric: { job: 'movies-api', route: '/movies/{year}/{title}', status_class: '4xx' } }],
        },
      });
    });
  });

  test('has loaded the rules of production, and nobody is told of anything', async () => {
    expect(await ask('rules')).toMatchObject({
      data: { groups: [{ name: 'slo-alerts' }, { name: 'slo-recording' }] },
    });

    const { data } = (await ask('alerts')) as { data: { alerts: readonly { state: string }[] } };

    expect(data.alerts.filter(({ state }) => state === 'firing')).toEqual([]);
  });
});
