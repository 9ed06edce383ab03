"""Comments go, whatever strings hold stays."""

import unittest

import commented_json


class CommentedJson(unittest.TestCase):
    def test_drops_comments(self):
        text = '/* why:\n "x" */ {"a": 1, // one "quote\n "b": /**/ 2}  // end'
        self.assertEqual(commented_json.loads(text), {"a": 1, "b": 2})

    def test_keeps_what_looks_like_one_in_a_string(self):
        text = r'{"a": "// no", "b": "/* no */", "c\"//": "\\", "d": 1}'
        expected = {"a": "// no", "b": "/* no */", 'c"//': "\\", "d": 1}
        self.assertEqual(commented_json.loads(text), expected)

    def test_keeps_the_numbers_of_lines(self):
        self.assertEqual(commented_json.without_comments("1/*\n*/2"), "1  \n  2")

    def test_refuses_what_the_reader_refuses(self):
        for text in ['{"a": 1, "a": 2}', "NaN", "Infinity", "{} /* why", '{"a": 1,}', "\ufeff{}"]:
            with self.subTest(text), self.assertRaises(ValueError):
                commented_json.loads(text)


if __name__ == "__main__":
    unittest.main()
