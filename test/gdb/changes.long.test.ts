/** All cases in changes.test.ts pass; `npm test` runs only a selection of them. */
import './changes.test.ts';
