import { spawn } from 'node:child_process';
import { once } from 'node:events';
import pRetry from 'p-retry';
import { runArguments } from '../../lib/container.ts';
import { createEngine, engineSettings } from '../../lib/container-engine.ts';
import { Problem } from '../../../app/src/commands/problem.ts';
import { taskContainer } from './task-container.ts';
import type { TaskRunner } from './task-runner.ts';

const label = 'movies-api.local-deployment';

/**
 * Runs tasks under podman. The image is looked up by the digest of the task definition and never pulled: what runs is what
 * was applied, or nothing.
 *
 * @param deployment what the containers are labelled with, so that a later run finds them
 * @param hasInit whether podman can give them an init process
 */
export function createContainerRunner(deployment: string, hasInit: boolean): TaskRunner {
  const podman = createEngine('podman');
  const act = async (...args: readonly string[]): Promise<void> => {
    await podman.run(args);
  };
  return {
    kind: 'containers',
    start: async (definition, settings) => {
      const { image, stopTimeout } = definition.container;
      await podman.run(['image', 'exists', image]).catch((error: unknown) => {
        throw new Problem(`CannotPullContainerError: ${image} is not in podman's storage`, String(error));
      });
      const { name } = settings;
      const options = taskContainer(definition, {
        ...settings,
        labels: { ...settings.labels, [label]: deployment },
        hasInit,
      });
      const child = spawn(
        'podman',
        ['run', '--rm', '--no-healthcheck', '--pull=never', '--sig-proxy=false', ...runArguments(options)],
        {
          env: { ...process.env, ...engineSettings(), ...settings.secrets },
          stdio: ['ignore', 'pipe', 'pipe'],
          // Ctrl-C is for who started this, not for the tasks.
          detached: true,
        },
      );
      const ended = once(child, 'exit').then(([code]) => `exit code ${String(code)}`);
      await once(child, 'spawn');
      return {
        output: [child.stdout, child.stderr],
        ended,
        stop: async () => {
          // A frozen container takes no signal.
          await act('unpause', name).catch(() => undefined);
          await act('stop', '--ignore', '--time', String(stopTimeout), name);
          await ended;
        },
        kill: async () => {
          // A busy podman refuses at times, and a container that is gone meanwhile can't be killed twice.
          let gone = false;
          void ended.then(() => (gone = true));
          const killed = pRetry(() => act('kill', '--signal', 'SIGKILL', name), {
            retries: 5,
            minTimeout: 200,
            shouldRetry: () => !gone,
          });
          await Promise.race([ended, killed]);
          await ended;
        },
        freeze: () => act('pause', name),
        thaw: () => act('unpause', name),
      };
    },
    cleanUp: async () => {
      const left = await podman.run(['ps', '--all', '--quiet', '--filter', `label=${label}=${deployment}`]);
      if (left !== '') await act('rm', '--force', '--time', '0', ...left.split('\n'));
    },
  };
}
