"""Sheets in the style of statistics offices, with the truth of each table: its columns, data and other rows.

More of them are in made_sheets.txt. A line is a row, ` | ` divides its cells. `merged` has the areas of
merged cells: first row, first column, last row, last column, from 0. `left` names the rows that are no data
by their number in the file, from 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from chat.numbers.cell_grid import Area, Grid


@dataclass(frozen=True)
class TrueTable:
    """columns: titles, header rows joined. rows: of data. left: rows of each role. sums: of columns."""

    columns: tuple[str, ...]
    rows: int
    left: Mapping[str, tuple[int, ...]]
    sums: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class StatisticsSheet:
    """A sheet as text, and the tables that are in it."""

    name: str
    text: str
    tables: tuple[TrueTable, ...]
    merged: tuple[Area, ...] = ()

    @property
    def grid(self) -> Grid:
        rows = [[cell.strip() for cell in line.split("|")] for line in self.text.strip("\n").split("\n")]
        width = max(map(len, rows))
        padded = [row + [""] * (width - len(row)) for row in rows]
        return Grid(file=f"{self.name}.xlsx", name=self.name, page=self.name, rows=padded, merged=self.merged)


SHEETS = (
    StatisticsSheet(
        "merged header and units",  # three header rows: groups merged over columns, names, units
        """
Table 4.2 Gross domestic product by region, 2021 and 2022 | | | | |
Region | GDP | | Employment | |
| 2021 | 2022 | 2021 | 2022 | Change
| million euro | million euro | thousand | thousand | %
Lisboa | 71,233 | 79,502 | 1,402.1 | 1,431.7 | 2.1
Norte | 62,880 | 68,104 | 1,690.3 | 1,722.9 | 1.9
Centro | 40,117 | 43,009 | 1,012.8 | 1,020.4 | 0.8
Algarve | 9,312 | 11,045 | 201.6 | 219.3 | 8.8
Alentejo | 13,702 | 14,488 | 301.0 | 305.2 | 1.4
Portugal, total | 197,244 | 216,148 | 4,607.8 | 4,699.5 | 2.0
Source: National accounts, provisional figures.
""",
        (
            TrueTable(
                (
                    "Region",
                    "GDP | 2021 | million euro",
                    "GDP | 2022 | million euro",
                    "Employment | 2021 | thousand",
                    "Employment | 2022 | thousand",
                    "Employment | Change | %",
                ),
                5,
                {"title": (1,), "header": (2, 3, 4), "total": (10,), "note": (11,)},
                {"GDP | 2022 | million euro": 216_148},
            ),
        ),
        ((0, 0, 0, 5), (1, 0, 3, 0), (1, 1, 1, 2), (1, 3, 1, 5)),
    ),
    StatisticsSheet(
        "units below the header",
        """
Land | Fläche | Einwohner | Dichte
| km² | 1 000 | je km²
Bayern | 70 542 | 13 177 | 187
Hessen | 21 116 | 6 295 | 298
Sachsen | 18 450 | 4 043 | 219
Saarland | 2 571 | 982 | 382
Thüringen | 16 202 | 2 109 | 130
""",
        (
            TrueTable(
                ("Land", "Fläche | km²", "Einwohner | 1 000", "Dichte | je km²"),
                5,
                {"header": (1, 2)},
                {"Fläche | km²": 128_881},
            ),
        ),
    ),
    StatisticsSheet(
        "footnotes with marks",
        """
Number of farms by size class |  |
Size class | Farms 1) | Area (ha) 2)
under 5 ha | 21,300 | 52,100
5 to 10 ha | 44,700 | 330,450
10 to 20 ha | 53,120 | 798,020
20 to 50 ha | 61,905 | 2,011,300
50 ha and more | 86,540 | 13,402,700

1) Without holdings that only keep bees.
2) Utilised agricultural area.
Date of print: 04.03.2023
""",
        (
            TrueTable(
                ("Size class", "Farms 1)", "Area (ha) 2)"),
                5,
                {"title": (1,), "header": (2,), "note": (9, 10, 11)},
                {"Farms 1)": 267_565},
            ),
        ),
    ),
    StatisticsSheet(
        "subtotals with indentation",
        """
Expenditure by function | 2020 | 2021 | 2022
General services | 3,120 | 3,240 | 3,401
  Executive | 1,020 | 1,100 | 1,201
  Foreign affairs | 2,100 | 2,140 | 2,200
Health | 8,810 | 9,905 | 9,300
  Hospitals | 6,010 | 6,900 | 6,400
  Medicines | 1,700 | 1,805 | 1,650
  Prevention | 1,100 | 1,200 | 1,250
Education | 5,050 | 5,210 | 5,433
  Schools | 3,000 | 3,100 | 3,233
  Universities | 2,050 | 2,110 | 2,200
Total expenditure | 16,980 | 18,355 | 18,134
""",
        (
            TrueTable(
                ("Expenditure by function", "2020", "2021", "2022"),
                7,
                {"header": (1,), "subtotal": (2, 5, 9), "total": (12,)},
                {"2022": 18_134},
            ),
        ),
    ),
    StatisticsSheet(
        "a blank row in the middle",
        """
Month | Arrivals | Nights
January | 10,230 | 31,200
February | 11,020 | 30,400
March | 14,510 | 44,000

April | 16,090 | 50,120
May | 19,870 | 61,300
June | 24,400 | 80,000
""",
        (
            TrueTable(
                ("Month", "Arrivals", "Nights"),
                6,
                {"header": (1,)},
                {"Arrivals": 96_120},
            ),
        ),
    ),
    StatisticsSheet(
        "two tables with titles on one sheet",
        """
Table 1. Births by year
Year | Births | Per 1,000
2019 | 9,102 | 10.4
2020 | 8,870 | 10.1
2021 | 9,010 | 10.2

Table 2. Deaths by cause
Cause | Men | Women
Heart | 1,204 | 1,390
Cancer | 1,101 | 980
Accidents | 402 | 188
Source: Civil register.
""",
        (
            TrueTable(
                ("Year", "Births", "Per 1,000"), 3, {"title": (1,), "header": (2,)}, {"Births": 26_982}
            ),
            TrueTable(
                ("Cause", "Men", "Women"),
                3,
                {"title": (7,), "header": (8,), "note": (12,)},
                {"Women": 2_558},
            ),
        ),
    ),
    StatisticsSheet(
        "title and date of print",
        """
2023年各地区财政收入 | | |
制表日期：2024-01-15 | | | 单位：万元
地区 | 税收收入 | 非税收入 | 备注
城东区 | 12,300 | 1,200 |
城西区 | 9,870 | 2,010 | 含补缴
城南区 | 15,420 | 900 |
城北区 | 7,700 | 1,850 |
开发区 | 30,110 | 4,020 | 初步数
合计 | 75,400 | 9,980 |
注：数据未经审计。
制表人：统计科
""",
        (
            TrueTable(
                ("地区", "税收收入", "非税收入", "备注"),
                5,
                {"title": (1, 2), "header": (3,), "total": (9,), "note": (10, 11)},
                {"税收收入": 75_400},
            ),
        ),
        ((0, 0, 0, 3),),
    ),
    StatisticsSheet(
        "starts at D7",
        """
 | | | | | |
 | | | | | |
 | | | Ministry of Transport | | |
 | | | Vehicles registered | | |
 | | | | | |
 | | | | | |
 | | | Canton | Cars | Buses | Trams
 | | | Bern | 571,200 | 1,940 | 88
 | | | Genève | 219,400 | 1,020 | 102
 | | | Ticino | 222,870 | 810 | -
 | | | Zürich | 742,650 | 2,750 | 313
 | | | Valais | 232,110 | 930 | -
""",
        (
            TrueTable(
                ("Canton", "Cars", "Buses", "Trams"),
                5,
                {"title": (3, 4), "header": (7,)},
                {"Cars": 1_988_230},
            ),
        ),
    ),
    StatisticsSheet(
        "sections merged over the table",
        """
Indicateur | Unité | 2021 | 2022
Population | | |
Naissances | nombre | 738,000 | 723,000
Décès | nombre | 661,000 | 675,000
Mariages | nombre | 219,000 | 244,000
Emploi | | |
Actifs | milliers | 30,120 | 30,410
Chômeurs | milliers | 2,370 | 2,210
Salariés | milliers | 25,900 | 26,300
(1) Données provisoires. | | |
""",
        (
            TrueTable(
                ("Indicateur", "Unité", "2021", "2022"),
                6,
                {"header": (1,), "section": (2, 6), "note": (10,)},
                {"2022": 1_700_920},
            ),
        ),
        ((1, 0, 1, 3), (5, 0, 5, 3)),
    ),
    StatisticsSheet(
        "sections over nested rows",  # a label stands once, the rows of its places have their own columns
        """
Beneficiary | Project | Amount | Place | Postcode
Priority 1: Work | | | |
City Council | Training | 12,000 | | 4000
 | | | Eastgate | 4001
 | | | Westgate | 4002
 | | | Old Port | 4003
Harbour Trust | Cranes | 40,500 | | 4100
 | | | Pier 1 | 4101
 | | | Pier 2 | 4102
Priority 2: Youth | | | |
Youth Club | Summer | 3,250 | | 4200
 | | | Hill | 4201
 | | | Dale | 4202
""",
        (
            TrueTable(
                ("Beneficiary", "Project", "Amount", "Place", "Postcode"),
                3,
                {"header": (1,), "section": (2, 10)},
                {"Amount": 55_750},
            ),
            TrueTable(
                ("Beneficiary", "Project", "Place", "Postcode"), 10, {"header": (1,), "section": (2, 10)}
            ),
        ),
        ((1, 0, 1, 4), (9, 0, 9, 4)),
    ),
    StatisticsSheet(
        "header repeated and continued",
        """
Station | Jan | Feb | Mar
Oslo | -4.3 | -4.0 | 0.2
Bergen | 1.5 | 1.6 | 3.3
Tromsø | -4.4 | -4.2 | -2.7
Station | Jan | Feb | Mar
Bodø | -2.2 | -2.1 | -0.6
Vardø | -5.1 | -5.2 | -3.4
Røros | -11.2 | -9.7 | -5.6
""",
        (
            TrueTable(
                ("Station", "Jan", "Feb", "Mar"),
                6,
                {"header": (1, 5)},
                {"Jan": -25.7},
            ),
        ),
    ),
    StatisticsSheet(
        "column numbers below the header",
        """
Табл. 3. Численность населения | | |
Регион | Всего | Город | Село
А | 1 | 2 | 3
Алтай | 2 163 | 1 240 | 923
Карелия | 533 | 430 | 103
Коми | 738 | 575 | 163
Мордовия | 783 | 497 | 286
Чувашия | 1 187 | 754 | 433
Примечание: тыс. человек. | | |
""",
        (
            TrueTable(
                ("Регион", "Всего", "Город", "Село"),
                5,
                {"title": (1,), "header": (2, 3), "note": (9,)},
                {"Всего": 5_404},
            ),
        ),
    ),
)


def read_sheets(path: Path) -> list[StatisticsSheet]:
    """Return the sheets of a text: a name behind `# `, rows, and what is true of them behind `@ `."""
    found = []
    for part in path.read_text("utf-8").split("\n# ")[1:]:
        name, *lines = part.rstrip().split("\n")
        rows = "\n".join(line for line in lines if not line.startswith("@ "))
        told = [line[2:].split(":", 1) for line in lines if line.startswith("@ ")]
        truth = [(key, [one.strip() for one in value.split(";")]) for key, value in told]
        names, counts, left, merged = (
            [value for key, value in truth if key == wanted]
            for wanted in ("columns", "rows", "left", "merged")
        )
        roles = [{role: tuple(map(int, at)) for role, *at in map(str.split, one)} for one in left]
        tables = (
            TrueTable(tuple(titles), int(count[0]), roles_)
            for titles, count, roles_ in zip(names, counts, roles, strict=True)
        )
        areas = [tuple(int(at) - 1 for at in one.split()) for value in merged for one in value]
        found.append(StatisticsSheet(name, rows, tuple(tables), tuple((a, b, c, d) for a, b, c, d in areas)))
    return found


MADE_SHEETS = read_sheets(Path(__file__).with_name("made_sheets.txt"))
