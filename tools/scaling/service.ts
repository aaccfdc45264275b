import { median, type BenchResult } from '../bench/result.ts';
import { assumed } from './limits.ts';

/** What a request costs the service, as `make bench` recorded it, in seconds of a vCPU. */
export interface ServiceCost {
  /** Answered from memory. */
  readonly hit: number;
  /** Answered by a call of the table. */
  readonly miss: number;
}

export function serviceCost({ sections }: BenchResult): ServiceCost {
  const seconds = (scenario: string): number => {
    const figures = sections.find((section) => section.scenario === scenario)?.figures ?? [];
    const figure = figures.find(({ subject, metric }) => subject === 'ours' && metric === 'CPU per request');
    if (figure === undefined)
      throw new Error(`Nothing is recorded of ${scenario}: make bench ARGS=--record.`);
    return (median(figure.values) / 1e6) * assumed.vcpuPerCore;
  };
  return { hit: seconds('database-hot'), miss: seconds('database-cold') };
}

/** Requests a second that a task takes at a share of its CPU; one Node.js process uses one vCPU at most. */
export const capacity = (
  { hit, miss }: ServiceCost,
  { hitRate, vcpu, share }: { readonly hitRate: number; readonly vcpu: number; readonly share: number },
): number => (Math.min(1, vcpu) * share) / (hitRate * hit + (1 - hitRate) * miss);
