export default class NodeEnvironment {
  constructor(config: object);
  setup(): Promise<void>;
  teardown(): Promise<void>;
}
