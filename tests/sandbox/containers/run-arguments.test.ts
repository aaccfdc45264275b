import { runArguments } from '../../../tools/lib/container.ts';
import { findEngine } from '../../../tools/lib/container-engine.ts';

describe('the arguments of a container', () => {
  test('what a task definition says becomes options, image and command last', () => {
    const given = runArguments({
      image: 'movies-api@sha256:1',
      environment: { PORT: '8080' },
      secrets: { CURSOR_SECRETS: 'never-on-a-command-line' },
      user: '65532:65532',
      readOnlyRoot: true,
      tmpfs: ['/tmp'],
      memory: 256,
      cpus: 0.5,
      maxProcesses: 64,
      unprivileged: true,
      initProcess: true,
      stopTimeout: 30,
      ports: [{ container: 8080 }, { container: 9464, host: 19464 }],
      entryPoint: ['/nodejs/bin/node'],
      command: ['/app/main.js'],
    });

    expect(given).toEqual([
      ...['--env', 'PORT=8080', '--env', 'CURSOR_SECRETS', '--user', '65532:65532'],
      ...['--read-only', '--read-only-tmpfs=false', '--tmpfs', '/tmp:rw,noexec,nosuid,nodev,size=64m'],
      ...['--memory', '256m', '--cpus', '0.5', '--pids-limit', '64'],
      ...['--cap-drop=all', '--security-opt=no-new-privileges', '--init', '--stop-timeout', '30'],
      ...['--publish', '127.0.0.1::8080', '--publish', '127.0.0.1:19464:9464'],
      ...['--entrypoint', '["/nodejs/bin/node"]', 'movies-api@sha256:1', '/app/main.js'],
    ]);
  });
});

describe('the container engine', () => {
  test('is the first that works', () => {
    expect(findEngine(undefined, (name) => name !== 'docker').name).toBe('podman');
  });

  test('where none works, the error names all three and a remedy', () => {
    expect(() => findEngine(undefined, () => false)).toThrow(
      /no container engine works.*docker, podman, buildah[^]*Install one of docker .*, podman or buildah/,
    );
  });
});
