import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { haproxyConfig, serverSettings } from '../../../tools/sandbox/deployment/haproxy-config.ts';
import { readServers } from '../../../tools/sandbox/deployment/haproxy-runtime.ts';
import type { LoadBalancerDefinition } from '../../../tools/sandbox/deployment/load-balancer-definition.ts';
import { describeWith, program } from '../../support/requirements.ts';

const place = { port: 18_080, socket: '/tmp/haproxy-config-test.sock' };
const targetGroup = {
  arn: 'arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/api/1',
  algorithm: 'least_outstanding_requests',
  deregistrationDelay: 30,
  healthCheck: {
    path: '/healthz',
    matcher: '200',
    interval: 10,
    timeout: 5,
    healthyThreshold: 2,
    unhealthyThreshold: 3,
  },
};
const definition: LoadBalancerDefinition = {
  listener: { port: 80, protocol: 'HTTP' },
  idleTimeout: 60,
  dropsInvalidHeaders: true,
  targetGroup,
};

test('the target group decides algorithm, health check and thresholds', () => {
  const configuration = haproxyConfig(definition, place);

  expect(configuration).toMatch(/^ {4}balance leastconn$/m);
  expect(configuration).toMatch(/^ {4}http-check send meth GET uri \/healthz /m);
  expect(configuration).toMatch(/^ {4}http-check expect status 200$/m);
  expect(configuration).toMatch(/^ {4}timeout check 5s$/m);
  expect(serverSettings(targetGroup)).toBe('check inter 10s rise 2 fall 3');
});

test('only GET and HEAD are repeated on another task', () => {
  const configuration = haproxyConfig(definition, place);

  expect(configuration).toMatch(/^ {4}http-request disable-l7-retry unless METH_GET$/m);
  expect(configuration).toMatch(/^ {4}retry-on conn-failure empty-response response-timeout$/m);
  expect(configuration).toMatch(/^ {4}option redispatch 1$/m);
});

test('an algorithm that HAProxy has no word for is refused', () => {
  const odd = { ...definition, targetGroup: { ...targetGroup, algorithm: 'astrology' } };

  expect(() => haproxyConfig(odd, place)).toThrow(/astrology/);
});

test('the servers of the backend are read by name, without the sum of all', () => {
  const stat = [
    '# pxname,svname,scur,status,check_status,',
    'listener,FRONTEND,1,OPEN,,',
    'tasks,one,2,UP 1/2,INI,',
    'tasks,two,0,DOWN,L7TOUT,',
    'tasks,BACKEND,2,UP,,',
  ].join('\n');

  expect(readServers(stat, 'tasks')).toEqual([
    { name: 'one', status: 'UP 1/2', sessions: 2, check: 'INI' },
    { name: 'two', status: 'DOWN', sessions: 0, check: 'L7TOUT' },
  ]);
});

describeWith([program('haproxy', 'make tools', ['-v'])], 'HAProxy itself', () => {
  test.each(['least_outstanding_requests', 'round_robin', 'weighted_random'])(
    'accepts the configuration that balances by %s',
    (algorithm) => {
      const folder = mkdtempSync(join(tmpdir(), 'haproxy-'));
      const file = join(folder, 'haproxy.cfg');
      writeFileSync(
        file,
        haproxyConfig({ ...definition, targetGroup: { ...targetGroup, algorithm } }, place),
      );

      const check = () => execFileSync('haproxy', ['-c', '-f', file], { encoding: 'utf8', stdio: 'pipe' });

      expect(check()).toMatch(/valid/);
      rmSync(folder, { recursive: true });
    },
  );
});
