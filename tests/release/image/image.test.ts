import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { processSettings } from '../../../tools/bench/processes.ts';
import { createEngine, type Engine } from '../../../tools/lib/container-engine.ts';
import { runContainer, type Container, type ContainerOptions } from '../../../tools/lib/container.ts';
import {
  buildArguments,
  buildImage,
  type BuildOptions,
  certificates,
} from '../../../tools/lib/image-build.ts';
import { describeImage, imageFaults, summarise } from '../../../tools/lib/image-summary.ts';
import { localBaseImages, type BaseImages } from '../../../tools/lib/local-base.ts';
import { eventually } from '../../support/eventually.ts';
import { describeWith, podman, program } from '../../support/requirements.ts';

const repository = fileURLToPath(new URL('../../../', import.meta.url));
const buildTimeoutMs = 300_000;
const stopTimeout = 25;
const image = 'localhost/movies-api:test';
const source = { version: '1.0.0', commit: 'f'.repeat(40), epoch: 1_700_000_000 };

/** As the task definition runs it. */
const asDeployed: ContainerOptions = {
  image,
  environment: { TABLE_NAME: 'movies', DRAIN_DELAY_MS: '500', REGION: 'eu-west-1' },
  secrets: { CURSOR_SECRETS: 'a-secret-of-a-test-that-is-long-enough' },
  user: '65532:65532',
  readOnlyRoot: true,
  tmpfs: ['/tmp'],
  memory: 256,
  maxProcesses: 64,
  unprivileged: true,
  stopTimeout,
  ports: [{ container: 8080 }],
};

describeWith(
  [
    podman,
    program('dpkg-deb', 'the local base image is made from Debian packages'),
    program('apt-get', 'the local base image is made from Debian packages'),
  ],
  'the image',
  () => {
    const engine: Engine = createEngine('podman');
    const started: Container[] = [];
    const folder = mkdtempSync(join(tmpdir(), 'movies-api-image-'));
    // A copy: two builds of a tree that somebody edits meanwhile would rightly differ.
    const projectRoot = join(folder, 'source');
    let bases: BaseImages;
    let build: (options: Partial<BuildOptions>) => Promise<void>;

    beforeAll(async () => {
      for (const part of [
        'app',
        'tools/lib',
        'tools/release/build.ts',
        'package.json',
        'package-lock.json',
        '.npmrc',
        '.dockerignore',
        'Dockerfile',
      ])
        cpSync(join(repository, part), join(projectRoot, part), { recursive: true });
      bases = await localBaseImages(engine, () => undefined);
      build = (options) => buildImage({ engine, projectRoot, tag: image, source, bases, ...options });
      await build({});
    }, buildTimeoutMs);

    afterAll(async () => {
      await Promise.all(started.map((container) => container.remove()));
      rmSync(folder, { recursive: true });
    });

    async function start(options: Partial<ContainerOptions> = {}): Promise<Container> {
      const container = await runContainer(engine, { ...asDeployed, ...options });
      started.push(container);
      return container;
    }

    async function startReady(): Promise<{ container: Container; url: string }> {
      const container = await start();
      const url = `http://127.0.0.1:${await container.hostPort(8080)}`;
      await eventually(async () => {
        expect((await fetch(`${url}/healthz`)).status).toBe(200);
      });
      return { container, url };
    }

    test(
      'built again from the same source, it has the same digest',
      async () => {
        const first = await summarise(engine, image);

        await build({ tag: `${image}-again`, fresh: true });

        const second = await summarise(engine, `${image}-again`);
        expect(second.id).toBe(first.id);
        expect(second.layers.map(({ digest }) => digest)).toEqual(first.layers.map(({ digest }) => digest));
      },
      buildTimeoutMs,
    );

    test('it is less than 20 MB larger than its Node.js base', async () => {
      const [whole, base] = [await summarise(engine, image), await summarise(engine, bases.base)];

      console.info(
        `${describeImage(image, whole)}\nabove the base: ${((whole.size - base.size) / 1e6).toFixed(2)} MB`,
      );
      expect(whole.size - base.size).toBeGreaterThan(1e6);
      expect(whole.size - base.size).toBeLessThan(20e6);
    });

    test('its labels say what it was built from', async () => {
      const { config } = await summarise(engine, image);

      expect(config.labels).toMatchObject({
        'org.opencontainers.image.title': 'movies-api',
        'org.opencontainers.image.licenses': 'MIT',
        'org.opencontainers.image.version': '1.0.0',
        'org.opencontainers.image.revision': 'f'.repeat(40),
        'org.opencontainers.image.created': '2023-11-14T22:13:20Z',
        'org.opencontainers.image.source': 'unknown',
      });
    });

    test('read-only and without a capability it serves, as a user that is not root', async () => {
      const { container, url } = await startReady();

      const version = await fetch(`${url}/version`);
      const status = readFileSync(`/proc/${await container.pid()}/status`, 'utf8');

      expect(await version.json()).toEqual({
        version: '1.0.0',
        commit: 'f'.repeat(40),
        builtAt: '2023-11-14T22:13:20Z',
      });
      expect(status).toMatch(/^Uid:\t65532\t65532\t65532\t65532$/m);
      expect(status).toMatch(/^CapEff:\t0+$/m);
      expect(status).toMatch(/^NoNewPrivs:\t1$/m);
      await expect(container.checkHealth()).resolves.toBeUndefined();
    });

    test('its code cache is taken as a task runs it', async () => {
      const read =
        "const [source, cachedData] = ['service.js', 'service.cache'].map((name) => require('fs').readFileSync(`/app/${name}`));";
      const compile =
        "const script = new (require('vm').Script)(source.toString('latin1'), { filename: '/app/service.js', cachedData });";

      const container = await start({
        environment: { NODE_OPTIONS: processSettings.NODE_OPTIONS },
        command: ['-e', `${read} ${compile} console.log(script.cachedDataRejected)`],
      });

      expect(await container.wait()).toBe(0);
      expect(await container.logs()).toBe('false');
    });

    test('SIGTERM ends it with exit code 0 within the stop timeout', async () => {
      const { container } = await startReady();

      const before = Date.now();
      const exitCode = await container.stop();

      expect(exitCode).toBe(0);
      expect(Date.now() - before).toBeLessThan(stopTimeout * 1000);
    });

    test('a hung process fails the health check', async () => {
      const { container } = await startReady();

      await container.kill('SIGSTOP');

      await expect(container.checkHealth()).rejects.toThrow(/healthcheck failed/);
    });

    test('it can write to /tmp and nowhere else', async () => {
      const { container } = await startReady();
      const write = (file: string) =>
        container.exec(['/nodejs/bin/node', '-e', `require('fs').writeFileSync('${file}', 'x')`]);

      await expect(write('/tmp/x')).resolves.toBe('');
      await expect(write('/app/x')).rejects.toThrow(/EROFS/);
      await expect(write('/x')).rejects.toThrow(/EROFS/);
      await expect(write('/var/x')).rejects.toThrow(/EROFS/);
    });

    test('writable by mistake, its code still belongs to somebody else', async () => {
      const container = await start({
        readOnlyRoot: false,
        command: ['-e', "require('fs').writeFileSync('/app/main.js', '')"],
      });

      expect(await container.wait()).toBe(1);
      expect(await container.logs()).toMatch(/EACCES/);
    });

    test('there is no shell and no package manager in it', async () => {
      const tools = [
        '/bin/sh',
        '/bin/bash',
        '/bin/busybox',
        '/usr/bin/apt-get',
        '/usr/bin/dpkg',
        '/nodejs/bin/npm',
      ];
      const find = `console.log(${JSON.stringify([...tools, '/nodejs/bin/node'])}.filter(require('fs').existsSync).join())`;

      const container = await start({ command: ['-e', find] });

      expect(await container.wait()).toBe(0);
      expect(await container.logs()).toBe('/nodejs/bin/node');
    });

    test('there is no development code in it', async () => {
      const list = "console.log(require('fs').readdirSync('/app').sort().join())";
      const bundled =
        "console.log(require('/app/third-party.cdx.json').components.map(({ name }) => name).join())";

      const container = await start({ command: ['-e', `${list}; ${bundled}`] });

      expect(await container.wait()).toBe(0);
      const [files, packages = ''] = (await container.logs()).split('\n');
      expect(files).toMatch(/^THIRD-PARTY-NOTICES\.txt,/);
      expect(files).not.toMatch(/node_modules|\.ts,|\.map,/);
      expect(packages.split(',')).toContain('express');
      expect(packages.split(',')).not.toContain('dynalite');
      expect(packages.split(',')).not.toContain('oidc-provider');
      expect(packages.split(',')).not.toContain('vega-datasets');
    });

    test('without TABLE_NAME it stops with exit code 78 and says so', async () => {
      const container = await start({ environment: {} });

      expect(await container.wait()).toBe(78);
      expect(await container.logs()).toMatch(/TABLE_NAME/);
    });

    test('it has no fault', async () => {
      expect(imageFaults(await summarise(engine, image))).toEqual([]);
    });

    test.each([
      ['runs as root', /^USER .*$/m, 'USER root', 'runs as "root"'],
      ['runs as root by number', /^USER .*$/m, 'USER 0', 'runs as "0"'],
      ['names its user', /^USER .*$/m, 'USER nonroot', 'runs as "nonroot"'],
      [
        'starts through a shell',
        /^ENTRYPOINT .*$/m,
        'ENTRYPOINT node /app/main.js',
        'starts through a shell',
      ],
      ['checks no health', /^HEALTHCHECK .*$/m, '', 'has no HEALTHCHECK'],
      [
        'forgets the revision',
        / +org\.opencontainers\.image\.revision=.*\n/,
        '',
        'lacks the labels revision',
      ],
      ['sets a secret', /^EXPOSE .*$/m, 'ENV CURSOR_SECRETS=x', 'carries CURSOR_SECRETS'],
    ])('a Dockerfile that %s is found out', async (_mistake, line, replacement, fault) => {
      const dockerfile = join(folder, 'Dockerfile');
      writeFileSync(
        dockerfile,
        readFileSync(join(projectRoot, 'Dockerfile'), 'utf8').replace(line, replacement),
      );

      const variant = { engine, projectRoot, tag: `${image}-mistake`, source, bases, dockerfile };
      await engine.run(buildArguments(variant, certificates(process.env)));

      expect(imageFaults(await summarise(engine, `${image}-mistake`))).toEqual([
        expect.stringContaining(fault),
      ]);
    });
  },
);
