import type { Engine } from './container-engine.ts';

/**
 * Whether podman can give a container an init process. Debian's podman only recommends the program for it (catatonit), and
 * without it refuses to make the container; podman itself is asked, since it looks in folders of its own.
 */
export async function hasInit(podman: Engine, image: string): Promise<boolean> {
  try {
    const id = await podman.run(['create', '--init', '--pull=never', '--no-healthcheck', image]);
    await podman.run(['rm', '--force', id]);
    return true;
  } catch (error) {
    // Whatever else is wrong is told by the task that fails of it.
    return !String(error).includes('container-init');
  }
}
