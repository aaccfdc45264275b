import { createServer, type Server } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { closeServer, listenOnLoopback } from '../../app/src/local/listen.ts';
import { startPrometheus } from '../../app/src/local/prometheus.ts';
import { startApi, type Api } from '../support/api.ts';
import { eventually } from '../support/eventually.ts';
import { describeWith, program } from '../support/requirements.ts';

describeWith(
  [program('prometheus', 'install the Debian package prometheus, or run `make tools`')],
  'Prometheus beside `make run`',
  () => {
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
  },
);
