/** All cases in vmState.test.ts pass; `npm test` runs only a selection of them. */
import './vmState.test.ts';
