import { AsyncLocalStorage } from 'node:async_hooks';
import { setFlagsFromString } from 'node:v8';
import { TestEnvironment } from 'jest-environment-node';

// Most functions run a few times in a test file and are gone: V8 may take longer to find one worth optimising. From Node.js 22 on
// it does by itself, and knows no such flag.
if (Number(process.versions.node.split('.')[0]) < 22) setFlagsFromString('--interrupt-budget=1000000');

/**
 * Jest's environment for Node.js, that takes the AsyncLocalStorages of a test file with it. Jest makes one for each file
 * and libraries make others; Node.js 20 keeps each that was ever used in a list, and goes through it whenever a promise
 * is made: as the 39th file of a worker, one that makes many promises took seven times the processor time.
 */
export default class NodeEnvironment extends TestEnvironment {
  #used = new Set();
  #original = {};

  async setup() {
    await super.setup();
    const used = this.#used;
    for (const method of ['run', 'enterWith']) {
      const original = AsyncLocalStorage.prototype[method];
      this.#original[method] = original;
      AsyncLocalStorage.prototype[method] = function (...parameters) {
        used.add(this);
        return original.apply(this, parameters);
      };
    }
  }

  async teardown() {
    Object.assign(AsyncLocalStorage.prototype, this.#original);
    for (const storage of this.#used) storage.disable();
    await super.teardown();
  }
}
