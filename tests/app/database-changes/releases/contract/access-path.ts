export { accessPathOf } from '../switch/access-path.ts';
