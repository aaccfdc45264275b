import { BlockList, isIPv6 } from 'node:net';
import { Misuse } from '../../app/src/commands/problem.ts';
import { listOf, type Settings } from './settings.ts';

/**
 * A release is probed from where it runs. A step of Bitbucket's cloud comes from an address of a wide, shared range, and a load
 * balancer that lets in some addresses drops its probes: the release would be taken back, or there would be nothing to return
 * to. So a pipeline says where its steps come from (RUNNER_CIDRS), and the environment has to let that in.
 */
export function checkReach(settings: Settings, environment: string, env: NodeJS.ProcessEnv): void {
  if (env['BITBUCKET_BUILD_NUMBER'] === undefined) return;
  const allowed = listOf(settings('allowed_cidrs'));
  if (allowed.includes('0.0.0.0/0')) return;
  const runners = (env['RUNNER_CIDRS'] ?? '').split(/[\s,]+/).filter((cidr) => cidr !== '');
  const remedy =
    'A runner of your own has fixed addresses (runs-on); steps of size 4x and more may take published ones (runtime.cloud.atlassian-ip-ranges). Name them in RUNNER_CIDRS and in TF_VAR_allowed_cidrs: docs/deploy.md.';
  if (runners.length === 0)
    throw new Misuse(
      `The load balancer of ${environment} lets in ${allowed.join(', ') || 'nobody'}, and RUNNER_CIDRS does not say where this step comes from: its probes would be dropped.`,
      remedy,
    );
  const outside = runners.filter((cidr) => !allowed.some((outer) => contains(outer, cidr)));
  if (outside.length > 0)
    throw new Misuse(
      `The load balancer of ${environment} lets in ${allowed.join(', ') || 'nobody'}, and not ${outside.join(', ')} of RUNNER_CIDRS: probes would be dropped.`,
      remedy,
    );
}

function contains(outer: string, inner: string): boolean {
  const [outerAddress = '', outerBits = '32'] = outer.split('/');
  const [innerAddress = '', innerBits = '32'] = inner.split('/');
  const family = isIPv6(outerAddress) ? 'ipv6' : 'ipv4';
  if ((isIPv6(innerAddress) ? 'ipv6' : 'ipv4') !== family || Number(innerBits) < Number(outerBits))
    return false;
  const list = new BlockList();
  list.addSubnet(outerAddress, Number(outerBits), family);
  return list.check(innerAddress, family);
}
