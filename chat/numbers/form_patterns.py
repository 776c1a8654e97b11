"""The words of the forms of questions, in English and Chinese (docs/numbers.md). Knows no table."""

from __future__ import annotations

import re

SUM, MEAN, LOW, HIGH, MEDIAN, DISTINCT, RANGE, COUNT, COLUMNS = (
    *("sum", "mean", "min", "max", "median", "distinct", "range", "count", "columns"),
)
SHARE, TOP, VALUES = "share", "top", "values"
WORDS = {
    SUM: "sum|total|total sum|总和|总计|总额|总数|总分|合计|總和|總計|總額|合計|求和",
    MEAN: "average|mean|avg|平均值|平均数|平均分|均值|平均",
    LOW: "minimum|min|lowest|smallest|earliest|最小值|最低值|最低分|最小|最低|最早",
    HIGH: "maximum|max|highest|largest|biggest|latest|最大值|最高值|最高分|最大|最高|最晚|最新",
    MEDIAN: "median|中位数|中位數",
    RANGE: "range|minimum and maximum|min and max|lowest and highest|范围|範圍|最小值和最大值|最大值和最小值"
    "|最低和最高|最高和最低",
}
KINDS = {word: kind for kind, words in WORDS.items() for word in words.split("|")}
ANY = "|".join(sorted((re.escape(word) for word in KINDS), key=len, reverse=True))
LEAD = re.compile(
    r"(?:(?:please|how much is|how much are|how much was|how much were|could you|can you|tell me|show me|show"
    r"|give me|calculate|compute|find|list|what is|what's|what are|what was|what were|which is|the|is|are)"
    r"\s+)+"
    r"|(?:请问|请|帮我|计算|求|统计|列出|算一下|一下|给出|显示)+"
)
ROWS = r"(?:rows|records|entries|lines|data rows)"
DATED = r"(?:on|after|before|since|from|between|until|up to|during|later than|earlier than)"
WITH = r"(?:for|where|in|with|of|have|has|had|having|whose|(?:that |which )?(?:are|is|were|was))"
EXCEPT = r"(?:excluding|except(?: for)?|other than)"
TAIL = rf",?(?: (?:by|per|for each|{WITH}|{DATED}|{EXCEPT}|not) .+)?"
BEFORE_TAIL = re.compile(rf",? (?:by|per|grouped|{WITH}|{DATED}|{EXCEPT}) ")
LIMITED = re.compile(rf" (?:{WITH}(?: from| in)?(?: the)? |(?=(?:{DATED}|not) ))(?P<filter>.+)")
LIMITED_IN = re.compile(rf" {WITH}(?: the)? (?P<filter>in .+)")  # a column may be called `In force`
EXCEPTED = re.compile(rf",? {EXCEPT}(?: the)? (?P<filter>.+)")
COUNT_EN = re.compile(
    rf"(?:how many {ROWS}(?: are there| were there| does it have| in total| are in the (?:table|file|sheet))?"
    rf"|(?:number|count) of {ROWS}|{ROWS} count|{ROWS}|count)"
    rf"(?P<tail>{TAIL})"
)
HOW_MANY_EN = re.compile(
    r"how many (?P<column>.+?s)(?: are there| were there| are listed| exist| do we have)?"
    rf"(?P<tail>{TAIL})"
)
COLUMNS_EN = re.compile(
    r"(?:columns|column names"
    r"|(?:which|what) columns(?: are there| does (?:it|the (?:table|file|sheet)) have)?"
    r"|how many columns(?: are there)?|number of columns)(?: (?:of|in) the (?:table|file|sheet))?"
)
DISTINCT_EN = re.compile(
    r"(?:how many (?:different|distinct|unique)|(?:number|count) of (?:different|distinct|unique)"
    r"|distinct count of|(?:different|distinct|unique)) (?:values of |values in )?(?:the )?(?P<tail>.+?)"
    r"(?: (?:are there|appear|exist))?"
)
OF_EN = re.compile(rf"(?P<kind>{ANY})(?P<of>(?: value)?(?: number of)?(?: of| in)?(?: the)?) (?P<tail>.+)")
MEASURE_ZH = "种|个|家|类|名|位|人|所|台|款|件|辆|门|次|户|本|部|座|支|只"
COUNT_ZH = re.compile(
    r"(?:(?:一共|总共|共)?有?(?:多少|几)(?:行|条|条记录|条数据|个记录|笔)(?:数据|记录)?|总?行数|记录数)"
)
COLUMNS_ZH = re.compile(
    r"(?:这个|该|这张)?(?:表格?|文件|数据)?(?:中|里)?"
    r"(?:有哪些列|有哪些字段|列名|字段名?|有(?:多少|几)(?:个)?(?:列|字段)|列数)"
)
GROUP_ZH = re.compile(
    r"(?:(?:按照?|依|根据)(?P<one>.+?)(?:分组|汇总|统计|分类)?(?:的|,|，|统计|计算)?|(?:各个?|每个?)(?P<two>.+?)的?)"
)
DISTINCT_ZH = re.compile(
    rf"(?P<column>.+?)(?:(?:一共|总共|共)?有(?:多少|几)(?:{MEASURE_ZH})(?:不同的?(?:值)?)?"
    r"|的?不同值(?:的)?(?:个数|数量)|去重(?:后的?)?(?:个数|数量|计数))"
)
DISTINCT_FIRST_ZH = re.compile(rf"(?:一共|总共|共)?有(?:多少|几)(?:{MEASURE_ZH})(?:不同的?)?(?P<column>.+)")
THINGS_ZH = re.compile(r"(?P<column>.+?)的?(?:数量|个数|家数)(?:是多少|有多少)?")
ASKED_ZH = r"(?:是多少|是什么时候|是哪一?天|是什么|为多少|有多少|多少)?"
OF_ZH = re.compile(rf"(?P<column>.+?)(?:的|在什么)?(?P<kind>{ANY}){ASKED_ZH}")
BEFORE_ZH = {
    "总": SUM,
    "總": SUM,
    "平均": MEAN,
    **{word: kind for word, kind in KINDS.items() if word[0] == "最"},
}
FIRST_ZH = re.compile(rf"(?P<kind>{'|'.join(BEFORE_ZH)})(?P<of>的?)(?P<column>.+?){ASKED_ZH}")
PEOPLE_ZH = re.compile(
    r"(?:员工)?(?:人数|数量|个数|行数|记录数|条数)(?:是多少|有多少)?|各?(?:一共|总共|共)?有(?:多少|几)(?:人|个人|名员工|行|条|条记录|家|笔)"
)
HAS_ZH = re.compile(r"(?:一共|总共|共)?有(?:多少|几)(?:人|个人|名员工|行|条|条记录|家|笔)")
IS_EN = re.compile(r"(?P<column>.+?)(?: is| equals| =|=)\s*(?P<value>.+)")
IS_ZH = re.compile(r"(?P<column>.+?)(?:为|是|等于|=)(?P<value>.+)")

MOST_EN = {
    **dict.fromkeys(("highest", "largest", "biggest", "most", "greatest", "maximum", "latest"), False),
    **dict.fromkeys(("lowest", "smallest", "least", "fewest", "minimum", "earliest"), True),
}
WAY_EN = "|".join(MOST_EN)
NUMBERS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "eight": 8, "ten": 10}
NUMBERS_ZH = dict(zip("一二三四五六七八九十", range(1, 11), strict=True))
NUMBER_EN = rf"(?P<limit>\d{{1,3}}|{'|'.join(NUMBERS)})"
WHICH_EN = re.compile(
    rf"(?:which|what) (?P<group>.+?) (?:has|have|had|with|got|shows) (?:the )?(?P<way>{WAY_EN}) (?P<what>.+)"
)
VERB_EN = re.compile(r"which (?P<group>\S+(?: \S+)?) (?P<what>\S+(?: \S+)?) (?:the )?(?P<way>most|least)")
TOP_EN = re.compile(
    rf"(?P<way>top|highest|largest|biggest|bottom|lowest|smallest) {NUMBER_EN} (?:(?P<group>.+?) )?"
    rf"by (?:the )?(?:{WAY_EN} )?(?P<what>.+)"
)
WITH_MOST_EN = re.compile(rf"(?:top )?{NUMBER_EN} (?P<group>.+?) with the (?P<way>{WAY_EN}) (?P<what>.+)")
FIRST_EN = re.compile(rf"{NUMBER_EN} (?P<way>highest|largest|biggest|lowest|smallest) (?P<what>.+)")
WHO_EN = re.compile(
    rf"(?:(?P<who>who)|(?:which|what) (?:row|record|entry)) (?:has|have|had|with) (?:the )?(?P<way>{WAY_EN})"
    r" (?P<what>.+)"
)
SHARE_EN = re.compile(
    rf"(?:what )?(?:percentage|percent|share|proportion) of (?:the |all )*{ROWS} "
    rf"(?:(?:is |are )?{WITH} (?:the )?(?P<filter>.+)|(?:by|per|for each) (?P<group>.+))"
)
SHARE_OF = r"(?:percentage|percent|share|proportion|part)"
SUM_SHARE_EN = (
    re.compile(
        rf"(?:what )?{SHARE_OF} of (?:the )?(?:total )?(?P<what>.+?) (?:(?:by|per|for each) (?P<group>.+)"
        r"|(?:is|are|was|comes from|came from|for|in|from|goes to|went to) (?:the )?(?P<filter>.+))"
    ),
    re.compile(rf"{SHARE_OF} of (?:the )?(?P<filter>.+) (?:in|of) (?:the )?(?:total )?(?P<what>.+)"),
    re.compile(rf"(?P<filter>.+?)['’]s {SHARE_OF} (?:of|in) (?:the )?(?:total )?(?P<what>.+)"),
)
VALUES_EN = re.compile(
    r"(?:which|what) (?P<one>.+?) (?:are there|exist|appear|occur)"
    r"|all (?:the )?(?:different |distinct )?(?P<two>.+)"
)
WHICH_VALUES_EN = re.compile(r"(?:which|what|all)(?: of)?(?: the)? (?P<what>.+)")
MEASURE_EN = re.compile(rf"(?P<kind>{ANY})(?: of)?(?: the)? (?P<column>.+)")
WAY_ZH = {
    **dict.fromkeys(("最高", "最大", "最多", "最晚"), False),
    **dict.fromkeys(("最低", "最小", "最少", "最早"), True),
}
NUMBER_ZH = r"(?P<limit>\d{1,3}|[一二三四五六七八九十])"
WHICH_ZH = re.compile(
    rf"(?:哪一?(?:个|些|位|种|类|家)?|什么)(?P<group>.+)的?(?P<what>.+)(?P<way>{'|'.join(WAY_ZH)})(?:的|呢)?"
)
TOP_ZH = re.compile(
    rf"(?P<what>.+?)(?P<way>{'|'.join(WAY_ZH)})的前?{NUMBER_ZH}(?:个|名|位|条|行|家|种)?(?P<group>.*)"
)
FIRST_ROW_ZH = re.compile(
    rf"(?P<what>.+?)(?P<way>{'|'.join(WAY_ZH)})的?"
    r"(?:(?:那|是哪)?一?(?:条记录|条|行|记录)|(?P<who>(?:那个|哪个|个)?(?:人|员工)?(?:是谁|是哪个人|是哪位)?))"
)
ROW_IS_ZH = re.compile(
    rf"(?P<what>.+?)(?P<way>{'|'.join(WAY_ZH)})的(?P<group>.+?)是(?:哪一?(?:个|家|位|种|名|座|些)|谁|什么)"
)
PEOPLE_ROWS_ZH = re.compile(r"(?:个|名|位)?(?:人|员工)")
NAME = re.compile(r"(?:full |employee |staff )?names?|employee|姓名|名字|员工姓名|员工")
SHARE_ZH = re.compile(
    r"(?P<filter>.+?)的?(?:行|记录|数据|人数|员工)?(?:所?占的?(?:比例|百分比)|占比|比例|百分比)(?:是多少|为多少)?"
)
SUM_SHARE_ZH = re.compile(
    r"(?P<what>.+?)(?:所?占(?:总体|全部|总)?(?P<all>.*?)的?(?:比例|百分比|比重|份额)|占比|比重)(?:是多少|为多少)?"
)
VALUES_ZH = re.compile(
    r"(?:一共|总共|共)?(?:都?有哪些(?:不同的)?(?P<one>.+)|(?P<two>.+?)(?:都|一共|总共)?有哪些)"
)
WHICH_VALUES_ZH = re.compile(
    r"(?P<before>.+?)(?:一共|总共|共|都)?有哪些(?P<one>.+)|(?P<limit>.+)的(?P<two>.+?)(?:都|一共|总共)?有哪些"
    r"|哪些(?P<three>.+?)(?:的|在|是)(?P<behind>.+)"
)
