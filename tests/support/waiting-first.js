import Sequencer from '@jest/test-sequencer';

/** Files that take minutes, most of them waiting: begun last, each keeps a run from ending while nothing else is left. */
const waiting = ['tests/deployed/local-deployment.test.ts'];

/** Jest's order (what took longest last time; in a new clone the largest file), but what waits begins first. */
export default class WaitingFirst extends Sequencer {
  sort(tests) {
    const isWaiting = ({ path }) => waiting.some((file) => path.endsWith(file));
    const sorted = super.sort(tests);
    return [...sorted.filter(isWaiting), ...sorted.filter((test) => !isWaiting(test))];
  }
}
