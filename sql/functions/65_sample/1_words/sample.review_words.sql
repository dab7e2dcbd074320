create or replace function sample.review_words() returns table (rating integer, texts text[])
language sql immutable parallel safe
begin atomic
    -- What buyers write, by rating; %s is the kind of product.
    select w.rating, string_to_array(w.texts, '|')
    from (values
        (1, 'Broke after a week.|The %s arrived damaged and support did not answer.|Not what was described. Sent back.|Very disappointed with this %s.|Cheap material, would not buy again.|Stopped working on the second day.'),
        (2, 'Does the job, barely.|Expected more of a %s at this price.|Packaging was fine, the %s less so.|Quality varies: my second one is worse.|Looks good, feels flimsy.'),
        (3, 'Average. It does what it should.|The %s is fine, delivery took its time.|Good value, with small flaws.|Neither good nor bad.|OK for the price.|Works, but the instructions are poor.'),
        (4, 'Good %s, would buy again.|Solid quality, quick delivery.|Very happy, one star off for the packaging.|Does what it promises.|Nice %s for everyday use.|Better than my old one.'),
        (5, 'Excellent!|Best %s I have had.|Exactly as described, arrived early.|Love it. Bought a second one as a present.|Great quality at a fair price.|Perfect, highly recommended.|The whole family uses this %s every day.')
    ) as w (rating, texts);
end;
