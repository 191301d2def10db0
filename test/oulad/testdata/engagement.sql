-- What testdata/engagement decides, calculated from the CSV files alone. A condition whose value is NULL is one that misses
-- information, as in CEL: false AND NULL is false, true OR NULL is true.
WITH
score AS (
  SELECT r.district, r.studentSourcedId AS student, CAST(r.score AS REAL) AS score, r.scoreDate AS day, r.sourcedId AS id,
    k.title AS category, co.courseCode AS course
  FROM results r
    JOIN lineItems l ON l.district = r.district AND l.sourcedId = r.lineItemSourcedId
    JOIN categories k ON k.district = r.district AND k.sourcedId = l.categorySourcedId
    JOIN classes c ON c.district = r.district AND c.sourcedId = l.classSourcedId
    JOIN courses co ON co.district = r.district AND co.sourcedId = c.courseSourcedId
  WHERE r.status = 'active' AND r.score <> '' AND r.scoreDate <= :at
),
known AS (
  SELECT u.district, u.orgSourcedIds AS school, u.sourcedId AS student,
    AVG(score) FILTER (WHERE category = 'Computer-marked assessment') AS computerMarked,
    COUNT(score) FILTER (WHERE course = 'BBB') AS inBBB,
    COUNT(score) FILTER (WHERE day >= date(:at, '-30 days')) AS lately,
    SUM(score) FILTER (WHERE day >= '2013-10-01' AND day < '2013-12-01') AS autumn,
    MIN(score) AS worst, MAX(score) AS best,
    CAST(julianday(:at) - julianday(MAX(day)) AS INTEGER) AS silence,
    (SELECT n.score FROM score n WHERE n.district = u.district AND n.student = u.sourcedId ORDER BY n.day DESC, n.id DESC LIMIT 1) AS latest
  FROM users u LEFT JOIN score s ON s.district = u.district AND s.student = u.sourcedId
  WHERE u.role = 'student' AND u.status = 'active'
  GROUP BY u.district, u.sourcedId
),
condition AS (
  SELECT *,
    silence IS NULL OR silence > 60 AS silent,
    inBBB >= 2 AND computerMarked < 60 AS weak,
    autumn > 150 AND best - worst > 30 AS uneven
  FROM known
),
ruled AS (
  SELECT *, CASE
    WHEN silent THEN 'silent'
    WHEN weak IS NULL THEN NULL
    WHEN weak THEN 'weak'
    WHEN uneven IS NULL THEN NULL
    WHEN uneven THEN 'uneven'
    ELSE 'otherwise' END AS rule
  FROM condition
)
SELECT district, school, student, COALESCE(rule, '') AS rule,
  IIF(rule IS NULL, 'Undetermined', 'Confirmed') AS state,
  CASE rule WHEN 'silent' THEN 'SILENT' WHEN 'weak' THEN 'WEAK' WHEN 'uneven' THEN 'UNEVEN' WHEN 'otherwise' THEN 'FINE'
    ELSE 'MISSING_INFORMATION' END AS reason,
  CASE rule WHEN 'weak' THEN 100 - computerMarked WHEN 'uneven' THEN best - worst END AS priority,
  NULL AS rank,
  CASE rule WHEN 'silent' THEN 'call' WHEN 'weak' THEN 'quiz-club' WHEN 'uneven' THEN 'mentor' WHEN 'otherwise' THEN 'none' END AS contact,
  CASE rule WHEN 'silent' THEN -1.0 WHEN 'weak' THEN computerMarked WHEN 'uneven' THEN autumn / 10 WHEN 'otherwise' THEN latest END AS figure,
  CASE rule WHEN 'silent' THEN 0 WHEN 'weak' THEN inBBB WHEN 'uneven' THEN lately WHEN 'otherwise' THEN silence END AS whole
FROM ruled
