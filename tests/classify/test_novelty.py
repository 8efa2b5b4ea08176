from pipeline.classify.novelty import unknown_words


def test_words_outside_the_corpus_are_unknown_and_names_are_no_words(classifier):
    tickets = [
        {"title": "", "content": "货车司机在治超站被执法人员罚款,没有给票据"},
        {"title": "", "content": "量子纠缠态退相干与拓扑绝缘体的朗道能级"},
        {"title": "", "content": ""},
        {"title": "", "content": "王先生"},
    ]
    unknown, total = unknown_words(classifier, tickets)
    assert total[0] > 8
    assert unknown[0] / total[0] < 0.2
    assert unknown[1] / total[1] > 0.5
    assert list(total[2:]) == [0, 0]
    assert (unknown <= total).all()


def test_no_ticket_has_no_words(classifier):
    unknown, total = unknown_words(classifier, [])
    assert (len(unknown), len(total)) == (0, 0)
