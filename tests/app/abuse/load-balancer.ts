import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../../support/eventually.ts';

export interface LoadBalancer {
  /** The Unix socket that it listens on. */
  readonly path: string;
  stop(): Promise<void>;
}

/** HAProxy in front of a service, with connections to it that callers share: where smuggling would do its harm. */
export async function startLoadBalancer(servicePort: number): Promise<LoadBalancer> {
  const directory = await mkdtemp(join(tmpdir(), 'load-balancer-'));
  const [configuration, path] = [join(directory, 'haproxy.cfg'), join(directory, 'public.sock')];
  await writeFile(
    configuration,
    `defaults
  mode http
  timeout connect 2s
  timeout client 4s
  timeout server 4s
  timeout http-request 1s
  http-reuse always
frontend public
  bind unix@${path}
  option forwardfor
  default_backend service
backend service
  server only 127.0.0.1:${servicePort} pool-max-conn 1
`,
  );
  const child = spawn('haproxy', ['-db', '-f', configuration], { stdio: 'ignore' });
  const ended = once(child, 'close');
  await eventually(
    async () => {
      const probe = connect({ path });
      await once(probe, 'connect');
      probe.destroy();
    },
    { everyMs: 20 },
  );
  return {
    path,
    async stop() {
      child.kill('SIGKILL');
      await ended;
      await rm(directory, { recursive: true });
    },
  };
}
