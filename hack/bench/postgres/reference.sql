SELECT i, rule, CASE rule
    WHEN 0 THEN float8 '0.0'
    WHEN 1 THEN (float8 '100.0' - math) * float8 '0.5' + (float8 '1.0' - m_fractions) * float8 '30.0' + (float8 '1.0' - attendance) * float8 '20.0'
    WHEN 2 THEN (float8 '1.0' - attendance) * float8 '100.0' + daysSince::float8 * float8 '0.25'
    WHEN 3 THEN (float8 '50.0' - reading) * float8 '1.5' + CASE WHEN iep THEN float8 '10.0' ELSE float8 '0.0' END
    WHEN 4 THEN (float8 '110.0' - math - reading) * float8 '0.5' + float8 '15.0'
    WHEN 5 THEN math * float8 '0.3' + growth * float8 '0.2' + m_equations * float8 '10.0'
    WHEN 6 THEN risk * float8 '60.0' + (float8 '40.0' - growth) * float8 '0.8'
    ELSE risk * float8 '20.0' + (float8 '100.0' - (math + reading + science) / float8 '3.0') * float8 '0.1'
  END AS priority
FROM (
  SELECT *, CASE
    WHEN NOT consent THEN 0
    WHEN grade >= 3 AND grade <= 8 AND m_fractions < float8 '0.4' AND m_ratios < float8 '0.4' AND (recent[3] + recent[4] + recent[5]) / float8 '3.0' < float8 '45.0' THEN 1
    WHEN attendance < float8 '0.9' AND district IN ('D003', 'D017', 'D042', 'D058', 'D101', 'D007', 'D011', 'D023', 'D031', 'D077', 'D088', 'D119')
      AND (daysSince > 21 OR float8 '30.0' > ANY (recent)) THEN 2
    WHEN ell AND reading < float8 '50.0' AND homeLanguage IN ('es', 'zh', 'ar', 'vi')
      AND least(m_add_sub, m_mult_div, m_fractions, m_decimals, m_ratios, m_expressions, m_equations, m_geometry, m_measurement, m_data_prob, m_functions, m_statistics) < float8 '0.25' THEN 3
    WHEN iep AND (math < float8 '55.0' OR reading < float8 '55.0') AND float8 '35.0' > ANY (recent) THEN 4
    WHEN grade >= 6 AND m_expressions >= float8 '0.7' AND m_equations >= float8 '0.65' AND (recent[3] + recent[4] + recent[5]) / float8 '3.0' >= float8 '70.0'
      AND interests && ARRAY['robotics', 'coding', 'math', 'science'] THEN 5
    WHEN growth < float8 '40.0' AND risk > float8 '0.45' AND daysSince > 10 AND priorHours < float8 '20.0'
      AND interests && ARRAY['music', 'art', 'sports', 'dance', 'theater'] THEN 6
    ELSE 7
  END::smallint AS rule
  FROM students
  WHERE i >= %d AND i < %d
  OFFSET 0
) decided
