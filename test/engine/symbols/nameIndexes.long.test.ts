/** All cases in nameIndexes.test.ts pass; `npm test` runs only a selection of them. */
import './nameIndexes.test.ts';
