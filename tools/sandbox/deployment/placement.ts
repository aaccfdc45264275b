export interface Placed {
  readonly zone: string;
  readonly startedAt: number;
}

const countIn = (zone: string, zones: readonly string[]): number =>
  zones.filter((other) => other === zone).length;

/** The zone with the fewest tasks, the first of equals; nothing when none is left. ECS spreads Fargate tasks so. */
export function chooseZone(
  zones: readonly string[],
  lost: readonly string[],
  occupied: readonly string[],
): string | undefined {
  return zones
    .filter((zone) => !lost.includes(zone))
    .sort((a, b) => countIn(a, occupied) - countIn(b, occupied))
    .at(0);
}

/** Which tasks go when there are too many: always one of the fullest zone, there the newest. */
export function chooseLeaving<T extends Placed>(tasks: readonly T[], count: number): readonly T[] {
  const leaving: T[] = [];
  while (leaving.length < Math.min(count, tasks.length)) {
    const left = tasks.filter((task) => !leaving.includes(task));
    const zones = left.map(({ zone }) => zone);
    const [next] = left.sort(
      (a, b) => countIn(b.zone, zones) - countIn(a.zone, zones) || b.startedAt - a.startedAt,
    );
    if (next) leaving.push(next);
  }
  return leaving;
}
